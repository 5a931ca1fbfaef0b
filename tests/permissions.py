"""The documented permissions, docs/rbac.yaml, in a form that can be compared with what was used."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.lighttier import AuditEvent

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "rbac.yaml"
USER = "cp-ingress"
USED = "cp-ingress"
GRANTED = "cp-ingress-grants"
EVERYTHING = "*"
CREATED = 201


@dataclass(frozen=True, order=True)
class Permission:
    """What may be done: `name` and `namespace` are "" where they do not matter, the others may be ``*``."""

    verb: str
    group: str
    resource: str
    name: str = ""
    namespace: str = ""

    def allows(self, other: Permission) -> bool:
        """Whether whoever has this has `other` too."""
        return (
            self.verb in (EVERYTHING, other.verb)
            and self.group in (EVERYTHING, other.group)
            and self.resource in (EVERYTHING, other.resource)
            and self.name in ("", other.name)
            and self.namespace in ("", other.namespace)
        )


def granted_kubeconfig(run: Callable[[Sequence[str], str | None], str], lifetime: str = "24h") -> str:
    """Grant the documented permissions on a kubeadm cluster; return a kubeconfig of their user.

    `run` runs a command with some standard input on a master, as its administrator, and
    returns its output; `lifetime` is the certificate's, as Go writes durations.
    """
    run(["kubectl", "apply", "-f", "-"], DOCUMENT.read_text(encoding="utf-8"))
    read = ["kubectl", "-n", "kube-system", "get", "configmap", "kubeadm-config"]
    configuration = run([*read, "-o", "jsonpath={.data.ClusterConfiguration}"], None)
    make = ["kubeadm", "kubeconfig", "user", "--config", "/dev/stdin", "--client-name", USER]
    return run([*make, "--validity-period", lifetime], configuration)


def documented() -> list[dict[str, Any]]:
    """Return the objects of docs/rbac.yaml."""
    return list(yaml.safe_load_all(DOCUMENT.read_text(encoding="utf-8")))


def permissions(objects: Iterable[Mapping[str, Any]], name: str | None = None) -> set[Permission]:
    """Return what the Roles and ClusterRoles among `objects` allow, those called `name` only where given."""
    found: set[Permission] = set()
    for obj in objects:
        if obj["kind"] in ("Role", "ClusterRole") and name in (None, obj["metadata"]["name"]):
            for rule in obj["rules"]:
                found |= set(_expanded(rule, obj["metadata"].get("namespace", "")))
    return found


def _expanded(rule: Mapping[str, Any], namespace: str) -> Iterator[Permission]:
    names = rule.get("resourceNames") or [""]
    for verb, group, resource, name in itertools.product(
        rule["verbs"], rule["apiGroups"], rule["resources"], names
    ):
        yield Permission(verb, group, resource, name, namespace)


def used(event: AuditEvent) -> list[Permission]:
    """Return what a request needed; none for discovery and the like.

    Server-side apply is a patch, and where there was nothing, a create as well. A write that was only tried
    out needs the same as a real one; it creates where there is nothing, which its status tells too.
    """
    target = event.raw.get("objectRef")
    if not target or not event.resource:
        return []
    subresource = f"/{target['subresource']}" if target.get("subresource") else ""
    verbs = [event.verb]
    if event.verb == "patch" and event.code == CREATED:
        verbs.append("create")
    resource = f"{event.resource}{subresource}"
    # A list has no name; its field selectors are none of this.
    name = "" if event.verb == "list" else event.name
    return [Permission(verb, target.get("apiGroup", ""), resource, name, event.namespace) for verb in verbs]
