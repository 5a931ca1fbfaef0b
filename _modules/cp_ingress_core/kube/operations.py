"""The few requests the engine makes, each spelled once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cp_ingress_core.errors import ApiError
from cp_ingress_core.kube.client import Client
from cp_ingress_core.kube.discovery import Resource
from cp_ingress_core.kube.identity import describe, label
from cp_ingress_core.kube.retry import APPLY

FIELD_MANAGER = "salt-cp-ingress"

_JSON_PATCH = "application/json-patch+json"
_MERGE_PATCH = "application/merge-patch+json"
_METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_PAGE = 500
_RESTARTS = 5


def apply_object(
    client: Client,
    resource: Resource,
    obj: Mapping[str, Any],
    *,
    manager: str = FIELD_MANAGER,
    force: bool = False,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Apply `obj` server-side and return the object as the server holds it, or would hold it after a dry
    run.
    """
    # An apply is refused for any unknown field, whatever is asked for; strictness beside that only costs the
    # server a second look for repeated keys, and JSON made here has none.
    query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Ignore"}
    return _patch(client, resource, obj, query, APPLY, dry_run=dry_run)


def apply_status(
    client: Client, resource: Resource, part: Mapping[str, Any], *, manager: str
) -> dict[str, Any]:
    """Apply the status of an object, all that `part` holds beside its identity; others' values give way."""
    query = {"fieldManager": manager, "force": "true", "fieldValidation": "Strict"}
    return _patch(client, resource, part, query, APPLY, subresource="/status")


def get_object(client: Client, resource: Resource, namespace: str, name: str) -> dict[str, Any] | None:
    """Return the live object, or None when there is none."""
    subject = label(resource.api_version, resource.kind, namespace, name)
    try:
        return client.request("GET", resource.path(namespace, name), subject=subject)
    except ApiError as err:
        if err.info["status"] == 404:
            return None
        raise


def list_objects(
    client: Client,
    resource: Resource,
    namespace: str = "",
    *,
    selector: str = "",
    fields: str = "",
    metadata_only: bool = False,
    limit: int = 0,
) -> list[dict[str, Any]]:
    """Return all objects of a kind, in one namespace or everywhere, in full or as metadata.

    `selector` and `fields` choose by labels and by fields; `limit` > 0 reads one page of that size only. A
    list that expires between two pages is begun again. Every item carries its ``apiVersion`` and ``kind``,
    which the server leaves out.
    """
    chosen = {"labelSelector": selector, "fieldSelector": fields}
    for _ in range(_RESTARTS):
        try:
            return _pages(client, resource, namespace, chosen, metadata_only, limit)
        except ApiError as err:
            if err.info["status"] != 410:
                raise
    raise ApiError(f"LIST {resource.api_version}/{resource.kind}: expired {_RESTARTS} times", status=410)


def _pages(
    client: Client,
    resource: Resource,
    namespace: str,
    chosen: Mapping[str, str],
    metadata_only: bool,
    limit: int,
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query = {"limit": str(limit or _PAGE * 20), **{key: text for key, text in chosen.items() if text}}
    where = f" in {namespace}" if namespace else ""
    while True:
        page = client.request(
            "GET",
            resource.collection(namespace),
            query=query,
            accept=_METADATA_LIST if metadata_only else None,
            subject=f"list of {resource.api_version}/{resource.kind}{where}",
        )
        for item in page.get("items") or []:
            item["apiVersion"], item["kind"] = resource.api_version, resource.kind
            found.append(item)
        token = (page.get("metadata") or {}).get("continue")
        if not token or limit:
            return found
        query = {**query, "continue": token}


def delete_object(
    client: Client, resource: Resource, live: Mapping[str, Any], *, dry_run: bool = False
) -> bool:
    """Delete exactly the object that was read, by its UID and resourceVersion; False when it was gone
    already.

    Raises ApiError with status 409 when it was changed or replaced since.
    """
    metadata = live["metadata"]
    options: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Background",
        "preconditions": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]},
    }
    if dry_run:
        options["dryRun"] = ["All"]
    namespace, name = metadata.get("namespace", ""), metadata["name"]
    try:
        client.request(
            "DELETE",
            resource.path(namespace, name),
            body=options,
            subject=label(resource.api_version, resource.kind, namespace, name),
        )
    except ApiError as err:
        if err.info["status"] == 404:
            return False
        raise
    return True


def replace_object(
    client: Client, resource: Resource, obj: Mapping[str, Any], *, manager: str, dry_run: bool
) -> dict[str, Any]:
    """PUT an object and return what the server holds, or would hold after a dry run."""
    metadata = obj["metadata"]
    query = {"fieldManager": manager}
    if dry_run:
        query["dryRun"] = "All"
    path = resource.path(metadata.get("namespace", ""), metadata["name"])
    return client.request("PUT", path, query=query, body=obj, subject=describe(obj))


def patch_json(
    client: Client, resource: Resource, live: Mapping[str, Any], operations: list[dict[str, Any]]
) -> dict[str, Any]:
    """Change the object that was read by JSON patch operations; 409 when it was changed since."""
    metadata = live["metadata"]
    guard = {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]}
    namespace, name = metadata.get("namespace", ""), metadata["name"]
    return client.request(
        "PATCH",
        resource.path(namespace, name),
        query={"fieldManager": FIELD_MANAGER},
        body=[*operations, guard],
        content_type=_JSON_PATCH,
        subject=label(resource.api_version, resource.kind, namespace, name),
    )


def merge_object(
    client: Client, resource: Resource, patch: Mapping[str, Any], *, manager: str, dry_run: bool
) -> dict[str, Any]:
    """Change fields of an object by a merge patch, a manifest with nothing but them; with a resourceVersion
    in it, 409 when the object was changed since.
    """
    return _patch(client, resource, patch, {"fieldManager": manager}, _MERGE_PATCH, dry_run=dry_run)


def _patch(
    client: Client,
    resource: Resource,
    obj: Mapping[str, Any],
    query: dict[str, str],
    content_type: str,
    *,
    subresource: str = "",
    dry_run: bool = False,
) -> dict[str, Any]:
    """Send a manifest, whole or in part, as a patch of the object that it names."""
    metadata = obj["metadata"]
    return client.request(
        "PATCH",
        resource.path(metadata.get("namespace", ""), metadata["name"]) + subresource,
        query={**query, "dryRun": "All"} if dry_run else query,
        body=obj,
        content_type=content_type,
        subject=describe(obj),
    )
