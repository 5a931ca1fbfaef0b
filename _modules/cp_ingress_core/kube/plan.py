"""What a run will have to do, from the manifests and from what is there: nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cp_ingress_core.errors import ObjectError
from cp_ingress_core.kube import takeover
from cp_ingress_core.kube.apply import Item
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.filters import Member
from cp_ingress_core.kube.identity import ObjectKey
from cp_ingress_core.kube.ledger import HASH
from cp_ingress_core.kube.normalize import PART_OF, Object, defined_scopes, identify, normalize
from cp_ingress_core.kube.options import Options
from cp_ingress_core.kube.parent import SetState
from cp_ingress_core.kube.prefetch import foreseen
from cp_ingress_core.kube.survey import survey


@dataclass
class Plan:
    """`todo` are the objects to send, `proven` those known to be unchanged, `stale` the members to delete."""

    todo: list[Item] = field(default_factory=list)
    proven: list[Item] = field(default_factory=list)
    stale: list[Member] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def items(self) -> list[Item]:
        """All objects that are wanted."""
        return [*self.proven, *self.todo]


def make_plan(cluster: Cluster, documents: Iterable[Any], state: SetState | None, options: Options) -> Plan:
    """Read what is there and decide what to do with each object."""
    plan = Plan()
    objects = normalize(documents)
    wanted = identify(objects, _Scopes(cluster, objects, options, plan))
    _refuse_parent(wanted, state)
    items = [_item(cluster, key, obj, state) for key, obj in wanted.items()]
    if state is None:
        plan.todo = items
        return plan
    found = survey(
        cluster,
        state.parent,
        state.membership,
        wait=options.wait and not options.test,
        versions=[(obj["apiVersion"], obj["kind"]) for obj in wanted.values()],
        changed=foreseen(items, state.ledger),
    )
    for group, kind in sorted(found.gone - {(key.group, key.kind) for key in wanted}):
        plan.warnings.append(f"the API server no longer serves {kind}.{group}: its objects are gone with it")
    for item in items:
        member = found.members.get(item.key)
        if member is not None:
            item.live, item.member = member.live, True
            item.full = item.key.place in found.full and member.resource == item.resource
        (plan.proven if _proven(item, state, options) else plan.todo).append(item)
    plan.stale = [member for key, member in found.members.items() if key not in wanted]
    return plan


class _Scopes:
    """Whether an object's kind has namespaces: the server says, or the definition among the objects."""

    def __init__(self, cluster: Cluster, objects: list[Object], options: Options, plan: Plan) -> None:
        self._cluster, self._options, self._plan = cluster, options, plan
        self._defined = defined_scopes(objects)

    def __call__(self, obj: Object) -> bool:
        group, kind = obj["apiVersion"].rpartition("/")[0], obj["kind"]
        if (group, kind) in self._defined and not self._cluster.discovery.known(obj["apiVersion"], kind):
            return self._defined[group, kind]
        if not self._options.test:
            return self._cluster.discovery.resource(obj["apiVersion"], kind).namespaced
        resource = self._cluster.discovery.find(obj["apiVersion"], kind)
        if resource is None:
            self._plan.warnings.append(
                f"the API server does not serve {obj['apiVersion']}/{kind} yet:"
                " its objects are taken for new ones"
            )
            return bool(obj["metadata"].get("namespace"))
        return resource.namespaced


def _item(cluster: Cluster, key: ObjectKey, obj: Object, state: SetState | None) -> Item:
    known = cluster.discovery.known(obj["apiVersion"], obj["kind"])
    resource = cluster.discovery.resource(obj["apiVersion"], obj["kind"]) if known else None
    if state is not None:
        metadata = obj["metadata"]
        metadata["labels"] = {**(metadata.get("labels") or {}), PART_OF: state.parent.id}
        # The hash covers the label, so it comes last.
        digest = state.ledger.hash_of(obj)
        metadata["annotations"] = {**(metadata.get("annotations") or {}), HASH: digest}
    return Item(key, obj, resource)


def _proven(item: Item, state: SetState, options: Options) -> bool:
    live: Mapping[str, Any] | None = item.live
    return (
        live is not None
        and options.verify == "changed"
        and state.ledger.proves(item.key, item.manifest, live)
        and not takeover.to_take(live, options.managers(adopting=False))
    )


def _refuse_parent(wanted: Mapping[ObjectKey, Object], state: SetState | None) -> None:
    if state is None:
        return
    parent = state.parent
    if ObjectKey("", "Secret", parent.namespace, parent.name) in wanted:
        raise ObjectError(
            f"v1/Secret {parent.namespace}/{parent.name}: is the parent of the ApplySet itself;"
            " give it another name"
        )
