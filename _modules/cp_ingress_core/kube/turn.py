"""One at a time over all nodes: a Lease that whoever does something in turn holds meanwhile.

Made by create and removed by delete, which the API server lets one of several succeed with.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cp_ingress_core.errors import ApiError, WaitTimeout
from cp_ingress_core.kube.client import Client

NAMESPACE = "kube-system"
POLL_SECONDS = 1.0
TELL_SECONDS = 10.0


@contextmanager
def held(
    client: Client, name: str, holder: str, *, seconds: int, patience: float, report: Callable[[str], None]
) -> Iterator[None]:
    """Hold the turn of a name for the block.

    client
        A client of the cluster.
    name
        Name of the Lease, in kube-system.
    holder
        Who takes the turn; one that is left of an earlier run of the same holder is taken over.
    seconds
        After which others may take it away, should this process be gone.
    patience
        Seconds to wait for others.
    report
        Is told whom is waited for.

    Raises WaitTimeout when others hold it for longer than that. Where no API server answers at all nothing
    is held: nobody else can begin something then.
    """
    uid = _take(client, name, holder, seconds, patience, report)
    try:
        yield
    finally:
        if uid:
            _remove(client, name, uid)


def _take(
    client: Client,
    name: str,
    holder: str,
    seconds: int,
    patience: float,
    report: Callable[[str], None],
) -> str:
    end, told = time.monotonic() + patience, 0.0
    while True:
        try:
            lease = _create(client, name, holder, seconds) or _read(client, name)
        except ApiError as err:
            if err.info["status"]:
                raise
            report(f"{err}; going on without waiting for turns")
            return ""
        if lease is None:
            continue  # it has just been given back
        owner = lease["spec"].get("holderIdentity", "")
        if owner == holder:
            return str(lease["metadata"]["uid"])
        if _expired(lease):
            _remove(client, name, lease["metadata"]["uid"])
            continue
        now = time.monotonic()
        if now > end:
            raise WaitTimeout(
                f"it is still the turn of {owner} after {patience:.0f} s (Lease {NAMESPACE}/{name}): see what"
                " is going on there, or delete the Lease when nothing is",
                pending={owner: name},
            )
        if now - told > TELL_SECONDS:
            told = now
            report(f"waiting for {owner}, whose turn it is")
        time.sleep(POLL_SECONDS)


def _create(client: Client, name: str, holder: str, seconds: int) -> dict[str, Any] | None:
    """Make the Lease; None when there is one."""
    body = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": seconds},
    }
    try:
        return client.request("POST", _path(), body=body, subject=f"Lease {NAMESPACE}/{name}")
    except ApiError as err:
        if err.info["status"] != 409:
            raise
        return None


def _read(client: Client, name: str) -> dict[str, Any] | None:
    try:
        return client.request("GET", _path(name), subject=f"Lease {NAMESPACE}/{name}")
    except ApiError as err:
        if err.info["status"] != 404:
            raise
        return None


def _remove(client: Client, name: str, uid: str) -> None:
    """Remove the Lease with this UID, unless somebody has."""
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
    try:
        client.request("DELETE", _path(name), body=body, subject=f"Lease {NAMESPACE}/{name}")
    except ApiError as err:
        if err.info["status"] not in (404, 409):
            raise


def _expired(lease: dict[str, Any]) -> bool:
    made = datetime.datetime.fromisoformat(lease["metadata"]["creationTimestamp"])
    age = datetime.datetime.now(datetime.UTC) - made
    return age.total_seconds() > float(lease["spec"].get("leaseDurationSeconds") or 0)


def _path(name: str = "") -> str:
    base = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
    return f"{base}/{name}" if name else base
