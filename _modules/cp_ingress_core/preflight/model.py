"""What a check reports: a finding with a stable id, which docs/preflight.md explains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

Objects = Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class Finding:
    """One thing that stands in the way (``error``) or should be known (``warning``)."""

    id: str
    level: str
    evidence: str
    remedy: str

    def to_dict(self) -> dict[str, str]:
        """Return the finding as plain data."""
        return asdict(self)


def error(identifier: str, evidence: str, remedy: str) -> Finding:
    """Return a finding that ends the run: going on would do harm, or cannot work."""
    return Finding(identifier, "error", evidence, remedy)


def warning(identifier: str, evidence: str, remedy: str) -> Finding:
    """Return a finding that is told while the run goes on."""
    return Finding(identifier, "warning", evidence, remedy)


def finding(identifier: str, evidence: str, remedy: str, *, harms: bool) -> Finding:
    """Return an error where going on `harms`, else a warning."""
    return Finding(identifier, "error" if harms else "warning", evidence, remedy)


def name_of(item: Mapping[str, Any]) -> str:
    """Return ``Kind namespace/name``, or ``Kind name`` where there is no namespace."""
    metadata = item["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{item.get('kind', 'object')} {place}{metadata['name']}"


def labels_of(item: Mapping[str, Any]) -> Mapping[str, str]:
    """Return an object's labels."""
    return item["metadata"].get("labels") or {}


def annotations_of(item: Mapping[str, Any]) -> Mapping[str, str]:
    """Return an object's annotations."""
    return item["metadata"].get("annotations") or {}


def ours(item: Mapping[str, Any], namespaces: Iterable[str]) -> bool:
    """Say whether an object is one that we keep in our `namespaces`."""
    managed = labels_of(item).get("app.kubernetes.io/managed-by") == "Salt"
    return managed and item["metadata"].get("namespace") in namespaces
