"""What is changed in rendered objects before they are applied; on data, never on text, and never in place."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..errors import ChartError
from .scope import Scopes, group_of, scopes

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "Salt"
HOOK = "helm.sh/hook"

Object = dict[str, Any]


def adjust(objects: Iterable[Mapping[str, Any]], namespace: str) -> list[Object]:
    """Return the objects as they are to be applied into ``namespace``; the input is left as it is.

    Raises :class:`ChartError` when an object occurs twice.
    """
    kept: list[Object] = [copy.deepcopy(dict(obj)) for obj in objects if not is_hook(obj)]
    known = scopes(kept)
    selected = any(MANAGED_BY in labels for obj in kept for labels in _selectors(obj))
    for obj in kept:
        set_namespace(obj, namespace, known)
        drop_empty_ca_bundles(obj)
        drop_server_fields(obj)
        set_managed_by(obj, templates=not selected)
    refuse_duplicates(kept)
    return kept


def is_hook(obj: Mapping[str, Any]) -> bool:
    """Whether Helm would run the object at some moment (tests included) instead of installing it."""
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    return HOOK in annotations


def set_namespace(obj: Object, namespace: str, known: Scopes) -> None:
    """Give a namespaced object its namespace, and take it from a cluster-scoped one.

    Unknown kinds stay as they are, and a namespace that the chart wrote itself is kept.
    """
    namespaced = known.get((group_of(obj), obj["kind"]))
    metadata = obj["metadata"]
    if namespaced is True and not metadata.get("namespace"):
        metadata["namespace"] = namespace
    elif namespaced is False:
        metadata.pop("namespace", None)


def drop_empty_ca_bundles(obj: Object) -> None:
    """Remove ``caBundle`` fields without content: whoever fills them in on the server then owns them."""
    for holder in _ca_bundle_holders(obj):
        # Some generators write a line break (Cg==) where they mean nothing.
        if holder.get("caBundle", "") in ("", "Cg==", None):
            holder.pop("caBundle", None)


def drop_server_fields(obj: Object) -> None:
    """Remove what only the server writes: ``status``, and null metadata such as creationTimestamp."""
    obj.pop("status", None)
    for metadata in _metadata_of(obj):
        for key in ("creationTimestamp", "labels", "annotations"):
            if key in metadata and metadata[key] is None:
                del metadata[key]


def set_managed_by(obj: Object, templates: bool = True) -> None:
    """Label the object as managed by Salt.

    In pod templates the label is changed only where the chart put it, and not at all when ``templates``
    is false (a selector asks for it). Selectors are never touched.
    """
    labels = obj["metadata"].get("labels") or {}
    obj["metadata"]["labels"] = {**labels, MANAGED_BY: MANAGER}
    if not templates:
        return
    for metadata in _template_metadata(obj):
        below = metadata.get("labels")
        if isinstance(below, dict) and MANAGED_BY in below:
            below[MANAGED_BY] = MANAGER


def refuse_duplicates(objects: Iterable[Mapping[str, Any]]) -> None:
    """Raise :class:`ChartError` naming every object that occurs more than once."""
    counts = Counter(_identity(obj) for obj in objects)
    twice = [identity for identity, count in counts.items() if count > 1]
    if twice:
        raise ChartError(
            f"the chart renders these objects more than once: {', '.join(sorted(twice))}; change the values "
            "that name them",
            reason="DuplicateObject",
            objects=sorted(twice),
        )


def _identity(obj: Mapping[str, Any]) -> str:
    metadata = obj["metadata"]
    place = "/".join(part for part in (metadata.get("namespace"), metadata["name"]) if part)
    return f"{obj['kind']}.{group_of(obj) or 'core'} {place}"


def _ca_bundle_holders(obj: Object) -> Iterator[Object]:
    """Yield the mappings of an object that may hold a ``caBundle``."""
    spec: Object = obj.get("spec") or {}
    if obj["kind"] in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for webhook in obj.get("webhooks") or []:
            if isinstance(webhook.get("clientConfig"), dict):
                yield webhook["clientConfig"]
    elif obj["kind"] == "CustomResourceDefinition":
        client = ((spec.get("conversion") or {}).get("webhook") or {}).get("clientConfig")
        if isinstance(client, dict):
            yield client
    elif obj["kind"] == "APIService":
        yield spec


def _metadata_of(obj: Object) -> Iterator[Object]:
    yield obj["metadata"]
    yield from _template_metadata(obj)
    spec = obj.get("spec")
    claims = spec.get("volumeClaimTemplates") if isinstance(spec, dict) else None
    for claim in claims if isinstance(claims, list) else []:
        if isinstance(claim, dict) and isinstance(claim.get("metadata"), dict):
            yield claim["metadata"]


def _template_metadata(obj: Object) -> Iterator[Object]:
    """Yield the metadata of the pod (and job) templates in a workload."""
    if group_of(obj) not in ("apps", "batch", ""):
        return
    spec = obj.get("spec")
    for key in ("jobTemplate", "template"):
        template = spec.get(key) if isinstance(spec, dict) else None
        if not isinstance(template, dict):
            continue
        if isinstance(template.get("metadata"), dict):
            yield template["metadata"]
        if key == "jobTemplate":
            yield from _template_metadata({"apiVersion": "batch/v1", "spec": template.get("spec")})


def _selectors(obj: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the label maps by which an object chooses pods: a Service's, or ``matchLabels`` of the others."""
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return
    for key in ("selector", "podSelector"):
        selector = spec.get(key)
        if isinstance(selector, dict):
            labels = selector.get("matchLabels", selector)
            if isinstance(labels, dict):
                yield labels
