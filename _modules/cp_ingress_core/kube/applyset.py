"""The ApplySet format of KEP-3659: names, ids, and what a parent's metadata means. Pure.

A parent is always a Secret. Its id label and three annotations say which kinds, in which namespaces, may
hold members; members carry the id in a label. kubectl reads the same format, but refuses sets of another
tooling, as we do.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cp_ingress_core import __version__
from cp_ingress_core.errors import ApplySetError
from cp_ingress_core.kube.identity import ObjectKey
from cp_ingress_core.kube.normalize import PART_OF

__all__ = ["PART_OF", "Membership", "Parent", "set_id", "tool_name", "verify"]

_PREFIX = "applyset.kubernetes.io/"
ID_LABEL = _PREFIX + "id"
TOOLING = _PREFIX + "tooling"
GROUP_KINDS = _PREFIX + "contains-group-kinds"
GROUP_RESOURCES = _PREFIX + "contains-group-resources"
NAMESPACES = _PREFIX + "additional-namespaces"

OUR_TOOL = "salt-cp-ingress"
OUR_TOOLING = f"{OUR_TOOL}/{__version__}"
PARENT_KIND = "Secret"

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def set_id(name: str, namespace: str, kind: str = PARENT_KIND, group: str = "") -> str:
    """Return the id of the set whose parent is that object (55 characters)."""
    digest = hashlib.sha256(f"{name}.{namespace}.{kind}.{group}".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"


def tool_name(tooling: str) -> str:
    """Return the name in a tooling value: what stands before its last slash, or all of it."""
    return tooling.rpartition("/")[0] or tooling


@dataclass(frozen=True)
class Membership:
    """Where members may be: (group, kind) pairs, and namespaces, the parent's own included."""

    kinds: frozenset[tuple[str, str]] = frozenset()
    namespaces: frozenset[str] = frozenset()

    def __or__(self, other: Membership) -> Membership:
        return Membership(self.kinds | other.kinds, self.namespaces | other.namespaces)

    @classmethod
    def of(cls, keys: Iterable[ObjectKey]) -> Membership:
        """Return what a set of exactly these objects needs."""
        found = list(keys)
        return cls(
            frozenset((key.group, key.kind) for key in found),
            frozenset(key.namespace for key in found if key.namespace),
        )


@dataclass(frozen=True)
class Parent:
    """The parent Secret of a set."""

    name: str
    namespace: str
    tooling: str = field(default=OUR_TOOLING)

    def __post_init__(self) -> None:
        """Refuse what cannot be a Secret's name and namespace."""
        for option, kind, value, longest in (
            ("applyset", "Secret", self.name, 253),
            ("applyset_namespace", "Namespace", self.namespace, 63),
        ):
            if not isinstance(value, str) or len(value) > longest or not _NAME.fullmatch(value):
                raise ApplySetError(
                    f"{option} must be the plain name of a {kind} (lower-case letters, digits, '-' and '.'),"
                    f" not {value!r}"
                )

    @property
    def id(self) -> str:
        """The set's id."""
        return set_id(self.name, self.namespace)

    @property
    def selector(self) -> str:
        """The label selector that finds members."""
        return f"{PART_OF}={self.id}"

    def __str__(self) -> str:
        return f"ApplySet {self.namespace}/{self.name}"

    def manifest(self, membership: Membership, data: Mapping[str, str]) -> dict[str, Any]:
        """Return the parent as it is applied, with that membership; `data` values are base64."""
        kinds = sorted(f"{kind}.{group}" if group else kind for group, kind in membership.kinds)
        return {
            "apiVersion": "v1",
            "kind": PARENT_KIND,
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": {ID_LABEL: self.id, "app.kubernetes.io/managed-by": "Salt"},
                "annotations": {
                    TOOLING: self.tooling,
                    GROUP_KINDS: ",".join(kinds),
                    NAMESPACES: ",".join(sorted(membership.namespaces - {self.namespace})),
                },
            },
            "data": dict(data),
        }


def verify(parent: Parent, live: Mapping[str, Any], *, tool: str | None = OUR_TOOL) -> Membership:
    """Return the membership that a live parent declares.

    `tool` is whose set it must be; None accepts any. Raises ApplySetError, before anything is written, when
    the Secret is not the parent of this set, is another tool's, or is damaged. Kinds of the older
    ``contains-group-resources`` form are returned by :func:`old_resources` instead.
    """
    metadata = live.get("metadata") or {}
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    _check_tooling(parent, annotations.get(TOOLING), tool)
    _check_id(parent, labels.get(ID_LABEL))
    if GROUP_KINDS not in annotations and GROUP_RESOURCES not in annotations:
        raise _refused(
            parent, f"its annotation {GROUP_KINDS} is missing: restore it, or no stale object can be found"
        )
    namespaces = _split(annotations.get(NAMESPACES, ""))
    return Membership(
        frozenset(_parse_kind(parent, text) for text in _split(annotations.get(GROUP_KINDS, ""))),
        frozenset(namespaces) | {parent.namespace},
    )


def old_resources(live: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the (group, plural) pairs of a parent that has only the deprecated annotation, else nothing."""
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    if GROUP_KINDS in annotations:
        return []
    pairs = (text.partition(".") for text in _split(annotations.get(GROUP_RESOURCES, "")))
    return [(group, plural) for plural, _, group in pairs]


def _check_tooling(parent: Parent, found: str | None, tool: str | None) -> None:
    if not found:
        raise _refused(
            parent,
            f"that Secret exists and is no ApplySet parent (no annotation {TOOLING}): use another name",
        )
    if tool is not None and tool_name(found) != tool:
        raise _refused(
            parent,
            f"it belongs to {found!r}, not to {tool!r}: let that tool manage it,"
            " or pass it on with kube_objects.handover",
        )


def _check_id(parent: Parent, found: str | None) -> None:
    if not found:
        raise _refused(parent, f"its label {ID_LABEL} is missing: restore {parent.id!r}")
    if found != parent.id:
        raise _refused(
            parent, f"its label {ID_LABEL} is {found!r}, but this name and namespace give {parent.id!r}"
        )


def _parse_kind(parent: Parent, text: str) -> tuple[str, str]:
    kind, _, group = text.partition(".")
    if not kind or not kind[0].isupper() or not kind.isalnum():
        raise _refused(
            parent, f"its annotation {GROUP_KINDS} holds {text!r}, which is no Kind or Kind.group: correct it"
        )
    return group, kind


def _split(text: str) -> list[str]:
    return [part for part in (piece.strip() for piece in text.split(",")) if part]


def _refused(parent: Parent, why: str) -> ApplySetError:
    return ApplySetError(f"{parent}: {why}", obj=f"v1/Secret {parent.namespace}/{parent.name}")
