"""What makes two manifests the same object: group, kind, namespace and name; never the version.

A Deployment written as ``apps/v1beta1`` and read as ``apps/v1`` is one object, and cluster-scoped objects
have no namespace even where a manifest gives them one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Place(NamedTuple):
    """Where one LIST finds objects: a group and kind, and a namespace ("" for cluster-scoped objects)."""

    group: str
    kind: str
    namespace: str


class ObjectKey(NamedTuple):
    """Identity of an object; ``group`` is "" for the core group, ``namespace`` "" for cluster-scoped
    objects.
    """

    group: str
    kind: str
    namespace: str
    name: str

    @property
    def place(self) -> Place:
        """Where a LIST finds the object."""
        return Place(self.group, self.kind, self.namespace)

    @property
    def group_kind(self) -> str:
        """``Kind.group``, or ``Kind`` in the core group: the form ApplySet annotations use."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.group_kind} {place}"


def split_api_version(api_version: str) -> tuple[str, str]:
    """Return (group, version) of ``apps/v1`` or ``v1``."""
    group, _, version = api_version.rpartition("/")
    return group, version


def key_of(obj: Mapping[str, Any], namespaced: bool) -> ObjectKey:
    """Return the identity of a manifest; its namespace counts only where its kind is `namespaced`."""
    metadata = obj.get("metadata") or {}
    namespace = metadata.get("namespace") or "" if namespaced else ""
    return ObjectKey(split_api_version(obj["apiVersion"])[0], obj["kind"], namespace, metadata["name"])


def describe(obj: Mapping[str, Any]) -> str:
    """Return ``apps/v1/Deployment ns/name``, or ``v1/Namespace name`` where there is no namespace."""
    metadata = obj.get("metadata") or {}
    return label(
        str(obj.get("apiVersion")), str(obj.get("kind")), metadata.get("namespace"), str(metadata.get("name"))
    )


def label(api_version: str, kind: str, namespace: str | None, name: str) -> str:
    """Return the text by which an object is named everywhere: in reports, errors and logs."""
    return f"{api_version}/{kind} {namespace}/{name}" if namespace else f"{api_version}/{kind} {name}"
