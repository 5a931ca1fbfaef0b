"""What a component is: what carries the endpoint, who must read it again, and how it is seen to work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cp_ingress_core.kube.diff import MARKS

Kind = Literal["fragment", "document", "objects"]
KINDS: tuple[Kind, ...] = ("fragment", "document", "objects")
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


@dataclass(frozen=True)
class Workload:
    """A workload by kind and name, in its component's namespace."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class Verify:
    """A request that must be answered: `url` is a template, `status` the HTTP status, `json` holds path ->
    template for the values that the answer must have.
    """

    url: str
    status: int = 200
    json: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Component:
    """One entry of ``cp_ingress:components``, defaults and preset filled in; values are templates.

    `part` is a fragment's manifest. A document lies under `key` of the object `source_kind` (ConfigMap or
    Secret) `source`, in `format`; `sets` and `moves` say what changes in it. `template` gives the objects.
    `preset` is None without one; components go by `order`, then by name. `custom_resources` is the API group
    of what its pods read when they start, "" for none. `timeout` is in seconds, None for the general one.
    """

    name: str
    kind: Kind
    namespace: str
    preset: str | None = None
    order: int = 100
    part: Mapping[str, Any] = field(default_factory=dict)
    container: str | None = None
    force_conflicts: bool = False
    source_kind: str = "ConfigMap"
    source: str = ""
    key: str = ""
    format: str = "yaml"
    sets: Mapping[str, Any] = field(default_factory=dict)
    moves: tuple[str, ...] = ()
    template: str = ""
    restart: tuple[Workload, ...] = ()
    custom_resources: str = ""
    verify: Verify | None = None
    timeout: int | None = None

    @property
    def manager(self) -> str:
        """The field manager that owns the component's fields."""
        return f"salt-cp-ingress-component-{self.name}"

    @property
    def restart_manager(self) -> str:
        """The field manager that owns the annotation by which pods are replaced."""
        return f"salt-cp-ingress-restart-{self.name}"

    @property
    def applyset(self) -> str:
        """The set that the component's own objects belong to; its parent is in the component's namespace."""
        return f"cp-ingress-component-{self.name}"

    @property
    def mark(self) -> str:
        """The annotation that tells pods that were started with this configuration from earlier ones."""
        return f"{MARKS}{self.name}"


def ordered(components: Mapping[str, Component]) -> list[str]:
    """Return the names in the order in which components are configured: the issuer first."""
    return sorted(components, key=lambda name: (components[name].order, name))
