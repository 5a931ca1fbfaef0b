"""Applying one object: take over what earlier tools left, send it, say what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cp_ingress_core.errors import ApiError, ConflictError, ImmutableError
from cp_ingress_core.kube import adoption, operations, takeover
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.diff import diff
from cp_ingress_core.kube.discovery import Resource
from cp_ingress_core.kube.identity import ObjectKey, describe
from cp_ingress_core.kube.masking import mask_pair
from cp_ingress_core.kube.options import NEVER_RECREATED, Options
from cp_ingress_core.kube.retry import FIELD_CONFLICT, is_immutable
from cp_ingress_core.kube.wait import Target, wait_gone

_TRIES = 5


@dataclass
class Item:
    """An object to apply.

    `resource` is None while the server does not serve its kind. `live` is what is known of the live object:
    None when nothing was read, with `full` when it is the whole object, and `absent` when it is known that
    there is none.
    """

    key: ObjectKey
    manifest: dict[str, Any]
    resource: Resource | None = None
    live: Mapping[str, Any] | None = None
    full: bool = False
    absent: bool = False
    member: bool = False

    @property
    def name(self) -> str:
        """How the object is named in reports."""
        return describe(self.manifest)


@dataclass(frozen=True)
class Outcome:
    """What applying an object did; `live` is the object as the server holds it now (None after a
    prediction).
    """

    action: str
    diff: dict[str, Any]
    live: Mapping[str, Any] | None = None


class Applier:
    """Applies objects of one set (`set_id` is "" without one) with the same options."""

    def __init__(self, cluster: Cluster, options: Options, set_id: str = "") -> None:
        self.cluster, self.options, self.set_id = cluster, options, set_id

    def apply(self, item: Item) -> Outcome:
        """Apply one object, or only ask what that would do with ``options.test``.

        Raises ConflictError, ImmutableError, ObjectError (owned by others) or ApiError.
        """
        resource = _served(item)
        before = self._before(item, resource)
        if before is not None and not item.member:
            adoption.check(before, self.options.adopt, self.set_id)
        adopting = before is not None and not item.member and not self._ours(before)
        if before is not None:
            after, recreated = self._update(item, resource, before, self.options.managers(adopting))
        else:
            after, recreated = self._send(item, resource), False
        if before is None:
            return Outcome("created", {}, after)
        changes = diff(*mask_pair(before, after))
        if recreated:
            return Outcome("recreated", changes, after)
        # Of a manifest without any field, a bare Namespace mostly, there is nothing that could become ours.
        if adopting and (changes or self._ours(after)):
            return Outcome("adopted", changes, after)
        return Outcome("changed" if changes else "unchanged", changes, after)

    def _ours(self, live: Mapping[str, Any]) -> bool:
        entries = takeover.managed_fields(live)
        return any(
            entry.get("manager") == operations.FIELD_MANAGER and entry.get("operation") == "Apply"
            for entry in entries
        )

    def _before(self, item: Item, resource: Resource) -> Mapping[str, Any] | None:
        if item.absent or item.full:
            return item.live
        return operations.get_object(self.cluster.client, resource, item.key.namespace, item.key.name)

    def _update(
        self, item: Item, resource: Resource, before: Mapping[str, Any], managers: Any
    ) -> tuple[Mapping[str, Any], bool]:
        taking = bool(takeover.to_take(before, managers))
        if taking and not self.options.test:
            self._take_over(resource, before, managers)
        try:
            after = self._send(item, resource, force=taking and self.options.test)
        except ImmutableError:
            if not self.options.may_recreate(item.key.kind):
                raise
            return self._recreate(item, resource, before), True
        if taking and self.options.test:
            after = self._predict_takeover(resource, after, managers)
        return after, False

    def _take_over(self, resource: Resource, live: Mapping[str, Any], managers: Any) -> None:
        """Move the managers' entries into ours, on the object as it was read; read it again where it
        changed.
        """
        current: Mapping[str, Any] | None = live
        for attempt in range(_TRIES):
            entries = takeover.migrated(current, managers) if current is not None else None
            if current is None or entries is None:
                return
            patch = [{"op": "replace", "path": "/metadata/managedFields", "value": entries}]
            try:
                operations.patch_json(self.cluster.client, resource, current, patch)
                return
            except ApiError as err:
                if err.info["status"] not in (404, 409) or attempt == _TRIES - 1:
                    raise
            metadata = live["metadata"]
            current = operations.get_object(
                self.cluster.client, resource, metadata.get("namespace", ""), metadata["name"]
            )

    def _predict_takeover(
        self, resource: Resource, after: Mapping[str, Any], managers: Any
    ) -> Mapping[str, Any]:
        """Return what taking over and applying would leave; the server fills in defaults in a dry run of
        it.
        """
        left = takeover.without_left_behind(after, managers)
        left["metadata"] = {k: v for k, v in left["metadata"].items() if k != "managedFields"}
        if not diff(after, left):
            return after
        try:
            return operations.replace_object(
                self.cluster.client, resource, left, manager=operations.FIELD_MANAGER, dry_run=True
            )
        except ApiError as err:
            if err.info["status"] != 403:
                raise
            # Applying needs no right to update; without it the prediction lacks defaults of removed fields.
            return left

    def _send(self, item: Item, resource: Resource, *, force: bool = False) -> Mapping[str, Any]:
        try:
            return operations.apply_object(
                self.cluster.client,
                resource,
                item.manifest,
                force=force or self.options.force_conflicts,
                dry_run=self.options.test,
            )
        except ApiError as err:
            raise _explained(err, item) from None

    def _recreate(self, item: Item, resource: Resource, before: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.options.test:
            return item.manifest
        operations.delete_object(self.cluster.client, resource, before)
        target = Target(
            resource.api_version, resource.kind, item.key.namespace, item.key.name, before["metadata"]["uid"]
        )
        wait_gone([target], self.cluster, timeout=self.options.timeout)
        return self._send(item, resource)


def _served(item: Item) -> Resource:
    if item.resource is None:
        raise ApiError(
            f"{item.name}: its kind is not served by the API server", reason="KindUnknown", obj=item.name
        )
    return item.resource


def _explained(err: ApiError, item: Item) -> ApiError:
    """Return the error with its remedy where there is one."""
    found = err.info.get("causes") or []
    if is_conflict(err):
        return conflict(
            err,
            item.name,
            "Leave these fields out of the manifest, or take over those managers' fields with"
            " takeover: [MANAGER], or overwrite them with force_conflicts.",
        )
    if err.info["status"] == 422 and is_immutable(found):
        names = ", ".join(sorted({cause.get("field") or "a field" for cause in found}))
        remedy = (
            "delete it by hand, knowing what goes with it"
            if item.key.kind in NEVER_RECREATED
            else f"delete the object, or let it be replaced with recreate: [{item.key.kind}]"
        )
        return ImmutableError(
            f"{item.name}: {names} cannot be changed on an existing object; {remedy}",
            status=422,
            obj=item.name,
            causes=found,
            kind=err.info.get("kind", ""),
        )
    return err


def is_conflict(err: ApiError) -> bool:
    """Tell whether the server refused an apply because other managers own fields of it."""
    found = err.info.get("causes") or []
    return err.info["status"] == 409 and any(cause.get("reason") == FIELD_CONFLICT for cause in found)


def conflict(err: ApiError, name: str, remedy: str) -> ConflictError:
    """Return the error that names each field of the object `name` and the manager it belongs to."""
    found = [cause for cause in err.info["causes"] if cause.get("reason") == FIELD_CONFLICT]
    lines = [f"  {cause.get('field')}: {cause.get('message')}" for cause in found]
    return ConflictError(
        "\n".join([f"{name}: {len(found)} of its fields belong to other managers:", *lines, remedy]),
        status=409,
        obj=name,
        causes=err.info["causes"],
        conflicts=[{"field": c.get("field", ""), "message": c.get("message", "")} for c in found],
        kind=err.info.get("kind", ""),
    )
