"""From what a user wrote to the list of manifests that will be sent: pure, and nothing is sent when it
raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from cp_ingress_core.errors import ObjectError
from cp_ingress_core.kube.identity import ObjectKey, describe, key_of
from cp_ingress_core.kube.masking import fold_string_data
from cp_ingress_core.kube.plain import plain

PART_OF = "applyset.kubernetes.io/part-of"

# The server fills these in; sending them is at best noise and at worst a conflict.
_SERVER_METADATA = (
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)

Object = dict[str, Any]


def normalize(documents: Iterable[Any]) -> list[Object]:
    """Return the manifests in `documents`, each a copy of its own.

    Empty documents are dropped, Lists expanded, a Secret's stringData moved to data, what only the server
    may set removed, and so are empty ``caBundle`` fields, which a certificate injector fills in. Raises
    ObjectError with every finding: no apiVersion, kind or name, generateName, a label of another ApplySet.
    """
    objects = [_copy(document) for document in _expand(documents)]
    findings = [finding for obj in objects for finding in _findings(obj)]
    if findings:
        raise ObjectError("\n".join(findings), errors=findings)
    for obj in objects:
        _clean(obj)
    return objects


def _copy(document: Mapping[str, Any]) -> Object:
    try:
        return dict(plain(document))
    except ValueError as err:
        name = (document.get("metadata") or {}).get("name", "?")
        raise ObjectError(f"{document.get('kind', 'object')} {name}: {err}") from None


def _expand(documents: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    for document in documents:
        if document is None or document == {}:
            continue
        if not isinstance(document, Mapping):
            raise ObjectError(f"an object must be a mapping, not {type(document).__name__}")
        if str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), Sequence):
            yield from _expand(document["items"])
        else:
            yield document


def _findings(obj: Object) -> Iterator[str]:
    metadata = obj.get("metadata")
    missing = [key for key in ("apiVersion", "kind") if not isinstance(obj.get(key), str) or not obj.get(key)]
    if missing or not isinstance(metadata, Mapping):
        missing += [] if isinstance(metadata, Mapping) else ["metadata"]
        yield f"an object lacks {', '.join(missing)}: it has {', '.join(sorted(map(str, obj))) or 'nothing'}"
        return
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        remedy = "generateName makes a new object on every run" if "generateName" in metadata else "name it"
        yield f"{obj['apiVersion']}/{obj['kind']}: metadata.name is missing; {remedy}"
        return
    for section in ("labels", "annotations"):
        values = metadata.get(section)
        if values is not None and not isinstance(values, Mapping):
            yield f"{describe(obj)}: metadata.{section} must be a mapping, not {type(values).__name__}"
            return
    if PART_OF in (metadata.get("labels") or {}):
        yield f"{describe(obj)}: carries the label {PART_OF}, which only the set itself may have; remove it"


def _clean(obj: Object) -> None:
    obj.pop("status", None)
    metadata = obj["metadata"] = dict(obj["metadata"])
    for key in _SERVER_METADATA:
        metadata.pop(key, None)
    for section in ("labels", "annotations"):
        if not metadata.get(section, True):
            del metadata[section]
    if obj["apiVersion"] == "v1" and obj["kind"] == "Secret":
        # The server does the same, but forgets who owns a key that is renamed later.
        folded = fold_string_data(obj)
        obj.clear()
        obj.update(folded)
    _drop_empty_ca_bundles(obj)


def _drop_empty_ca_bundles(obj: Object) -> None:
    for config in _client_configs(obj):
        if not config.get("caBundle", True):
            del config["caBundle"]


def _client_configs(obj: Object) -> Iterator[Object]:
    webhooks = [
        *(obj.get("webhooks") or []),
        ((obj.get("spec") or {}).get("conversion") or {}).get("webhook"),
    ]
    for webhook in webhooks:
        if isinstance(webhook, dict) and isinstance(webhook.get("clientConfig"), dict):
            yield webhook["clientConfig"]


def identify(objects: Iterable[Object], namespaced: Callable[[Object], bool]) -> dict[ObjectKey, Object]:
    """Return the objects by identity, cluster-scoped ones without a namespace.

    `namespaced` tells whether an object's kind has namespaces. Raises ObjectError with every finding: a
    namespaced object without a namespace, the same object twice.
    """
    found: dict[ObjectKey, Object] = {}
    findings: list[str] = []
    for obj in objects:
        scoped = namespaced(obj)
        if scoped and not obj["metadata"].get("namespace"):
            findings.append(
                f"{describe(obj)}: metadata.namespace is missing; {obj['kind']} objects live in a namespace"
            )
            continue
        if not scoped:
            obj["metadata"].pop("namespace", None)
        key = key_of(obj, scoped)
        if key in found:
            findings.append(f"{describe(obj)}: given twice; keep one of them")
        found[key] = obj
    if findings:
        raise ObjectError("\n".join(findings), errors=findings)
    return found


def defined_scopes(objects: Iterable[Object]) -> dict[tuple[str, str], bool]:
    """Return (group, kind) -> namespaced of what the CustomResourceDefinitions among `objects` define."""
    scopes: dict[tuple[str, str], bool] = {}
    for obj in objects:
        if obj["kind"] == "CustomResourceDefinition" and obj["apiVersion"].startswith(
            "apiextensions.k8s.io/"
        ):
            spec = obj.get("spec") or {}
            kind = (spec.get("names") or {}).get("kind", "")
            scopes[spec.get("group", ""), kind] = spec.get("scope") == "Namespaced"
    return scopes
