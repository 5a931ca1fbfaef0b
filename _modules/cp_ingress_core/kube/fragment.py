"""A part of an object that somebody else made: only the fields given become ours, and they can be given up.

Each part has a field manager of its own, never the one that whole objects are applied with: the server
drops what a manager owned and no longer sends, so one manager cannot do both. Nothing is ever created, and
nothing is sent when the live object proves that it would change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cp_ingress_core.errors import ApiError, ObjectError
from cp_ingress_core.kube import fields, operations, takeover
from cp_ingress_core.kube.apply import conflict, is_conflict
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.diff import diff
from cp_ingress_core.kube.discovery import Resource
from cp_ingress_core.kube.identity import describe
from cp_ingress_core.kube.masking import mask_pair
from cp_ingress_core.kube.normalize import identify, normalize
from cp_ingress_core.kube.report import Report

Object = Mapping[str, Any]

_LONGEST_MANAGER = 128
_IDENTITY = ("name", "namespace")
_REMEDY = (
    "Change them where they come from, or leave them out here, or overwrite them with force_conflicts;"
    " their manager may then write them again."
)


@dataclass(frozen=True)
class Options:
    """`force` overwrites fields of other managers. With `test` nothing is written; then `made_before` says
    that an object that is not there will have been made by the time of the run.
    """

    test: bool = False
    force: bool = False
    made_before: bool = False


def apply(cluster: Cluster, document: Any, manager: str, options: Options) -> dict[str, Any]:
    """Make the fields in `document` (a manifest with apiVersion, kind and name) what they say, owned by
    `manager`.

    Returns the report of :func:`.engine.apply`: the object is changed, adopted (the values stood there
    already, now they are ours too) or unchanged. Raises ObjectError when there is no such object,
    ConflictError naming fields and managers, or ApiError.
    """
    report = Report()
    add(report, cluster, document, manager, options)
    return report.as_dict(options.test)


def add(report: Report, cluster: Cluster, document: Any, manager: str, options: Options) -> None:
    """Do what :func:`apply` does, as one step of a longer run with a report of its own."""
    manifest, resource, live = _find(cluster, document, manager, options.test and options.made_before)
    name = describe(manifest)
    if resource is None or live is None:
        report.warn(f"{name}: there is no such object yet; the fragment is added once there is")
        report.add(name, "changed")
    elif proves(live, manifest, manager):
        report.add(name, "unchanged")
    else:
        action, changes = _send(cluster, resource, live, manifest, manager, options)
        report.add(name, {"same": "unchanged", "ownership": "adopted"}.get(action, action), changes)


def release(cluster: Cluster, document: Any, manager: str, options: Options) -> dict[str, Any]:
    """Give up every field that `manager` owns of an object: those that nobody else owns vanish.

    Of `document` only apiVersion, kind, namespace and name count. The object is changed, detached (others
    own the same fields, so the values stay) or, when nothing was ours or there is no such object, unchanged.
    """
    report = Report()
    manifest, resource, live = _find(cluster, document, manager, may_lack=True)
    name = describe(manifest)
    if resource is None or live is None or _entry(live, manager) is None:
        report.add(name, "unchanged")
    else:
        metadata = {k: v for k, v in manifest["metadata"].items() if k in _IDENTITY}
        bare = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": metadata}
        action, changes = _send(cluster, resource, live, bare, manager, options)
        report.add(name, {"same": "unchanged", "ownership": "detached"}.get(action, action), changes)
    return report.as_dict(options.test)


def proves(live: Object, manifest: Object, manager: str) -> bool:
    """Tell whether a live object shows that applying `manifest` under `manager` would change nothing: the
    manager owns just these fields, and they hold these values.
    """
    entry = _entry(live, manager)
    if entry is None or entry.get("apiVersion") != manifest["apiVersion"]:
        return False
    body = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "metadata")}
    metadata = {k: v for k, v in manifest["metadata"].items() if k not in _IDENTITY}
    wanted = {**body, **({"metadata": metadata} if metadata else {})}
    return bool(fields.extract(live, entry.get("fieldsV1") or {}) == wanted)


def _find(
    cluster: Cluster, document: Any, manager: str, may_lack: bool
) -> tuple[dict[str, Any], Resource | None, Object | None]:
    """Return the manifest, its resource and the live object; raises where there is no object, unless it
    `may_lack`.
    """
    _check_manager(manager)
    given = normalize([document])
    if len(given) != 1:
        raise ObjectError(f"a fragment must be one manifest, not {len(given)}")
    if may_lack and cluster.discovery.find(given[0]["apiVersion"], given[0]["kind"]) is None:
        return given[0], None, None
    resource = cluster.discovery.resource(given[0]["apiVersion"], given[0]["kind"])
    ((key, manifest),) = identify(given, lambda _: resource.namespaced).items()
    live = operations.get_object(cluster.client, resource, key.namespace, key.name)
    if live is None and not may_lack:
        raise ObjectError(
            f"{describe(manifest)}: there is no such object, and a fragment never makes one;"
            " check namespace and name",
            reason="NotFound",
            status=404,
            obj=describe(manifest),
        )
    return manifest, resource, live


def _check_manager(manager: Any) -> None:
    fits = isinstance(manager, str) and manager.isprintable() and 0 < len(manager) <= _LONGEST_MANAGER
    if not fits or manager != manager.strip():
        raise ObjectError(
            f"manager must be a name of 1 to {_LONGEST_MANAGER} printable characters, not {manager!r}",
            reason="InvalidOption",
        )
    if manager == operations.FIELD_MANAGER:
        raise ObjectError(
            f"manager: {manager} applies whole objects; a fragment needs a field manager of its own",
            reason="InvalidOption",
        )


def _send(
    cluster: Cluster, resource: Resource, live: Object, manifest: Object, manager: str, options: Options
) -> tuple[str, dict[str, Any]]:
    """Ask what applying would change and, unless that is nothing or this is a test, apply.

    Returns "changed", "ownership" when only the owners of fields change, or "same", and the diff.
    """
    # With its UID the object that was read is meant: one deleted since is not made anew.
    pinned = {**manifest, "metadata": {**manifest["metadata"], "uid": live["metadata"]["uid"]}}

    def send(dry_run: bool) -> dict[str, Any]:
        try:
            return operations.apply_object(
                cluster.client, resource, pinned, manager=manager, force=options.force, dry_run=dry_run
            )
        except ApiError as err:
            if is_conflict(err):
                raise conflict(err, describe(manifest), _REMEDY) from None
            raise

    after = send(dry_run=True)
    outcome, changes = _compare(live, after, manager)
    if outcome == "same" or options.test:
        return outcome, changes
    return _compare(live, send(dry_run=False), manager)


def _compare(before: Object, after: Object, manager: str) -> tuple[str, dict[str, Any]]:
    changes = diff(*mask_pair(before, after))
    if changes:
        return "changed", changes
    owned = [_digest(_entry(obj, manager)) for obj in (before, after)]
    return ("same" if owned[0] == owned[1] else "ownership"), {}


def _digest(entry: Object | None) -> str:
    return fields.digest(entry) if entry else ""


def _entry(live: Object, manager: str) -> Object | None:
    return fields.owned(takeover.managed_fields(live), manager)
