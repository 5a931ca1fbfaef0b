"""Objects under the names that ours have, which belong to a Helm release of somebody else's."""

from __future__ import annotations

from cp_ingress_core.preflight.model import Finding, Objects, annotations_of, error, name_of, ours

_RELEASE = "meta.helm.sh/release-name"
_NAMESPACE = "meta.helm.sh/release-namespace"


def check(namespaces: tuple[str, ...], objects: Objects) -> list[Finding]:
    """Refuse objects of Helm releases in our namespaces, and cluster-scoped ones under our names.

    objects
        Whatever was read; those outside our `namespaces` are passed over.
    """
    findings = []
    for item in objects:
        place = item["metadata"].get("namespace")
        release = annotations_of(item).get(_RELEASE)
        if not release or ours(item, namespaces) or (place and place not in namespaces):
            continue
        full = f"{annotations_of(item).get(_NAMESPACE, '?')}/{release}"
        findings.append(
            error(
                "helm-release-owns",
                f"{name_of(item)} belongs to the Helm release {full}",
                f"move that release to other names or a namespace of its own, or uninstall it: helm uninstall"
                f" {release} would delete what cp-ingress keeps",
            )
        )
    return findings
