"""What the filters see and what they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cp_ingress_core.kube.discovery import Resource
from cp_ingress_core.kube.identity import ObjectKey, label


@dataclass(frozen=True)
class Member:
    """A live object that is, or was, in the set; `live` may hold its metadata only."""

    key: ObjectKey
    resource: Resource
    live: Mapping[str, Any]

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The live metadata."""
        found: Mapping[str, Any] = self.live["metadata"]
        return found

    @property
    def uid(self) -> str:
        """The live object's UID."""
        return str(self.metadata.get("uid", ""))

    def __str__(self) -> str:
        return label(self.resource.api_version, self.resource.kind, self.key.namespace, self.key.name)


@dataclass(frozen=True)
class Context:
    """What is known about the run.

    `set_id` is "" where objects are deleted by name; `used_namespaces` hold objects that stay; `kinds` are
    the kinds whose deletion was asked for; `own_uids` are objects of the set that no filter sees, such as
    its parent; `contents` names, per UID of a Namespace or definition, what would go with it.
    """

    set_id: str = ""
    parent: ObjectKey | None = None
    applied_uids: frozenset[str] = frozenset()
    used_namespaces: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    own_uids: frozenset[str] = frozenset()
    contents: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """Why an object stays.

    `detach` takes it out of the set, so that it is no candidate again; `silent` keeps it out of the report,
    because it was never to be deleted or is on its way; `warn` tells the user even when nobody reads the
    report's details.
    """

    reason: str
    detach: bool = False
    silent: bool = False
    warn: bool = False


Filter = Callable[[Member, Context], Verdict | None]
