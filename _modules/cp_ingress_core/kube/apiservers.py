"""Each apiserver of the cluster by itself: where it is, its version, its clock."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from cp_ingress_core.kube.client import Client
from cp_ingress_core.kube.reader import Reader
from cp_ingress_core.kube.transport import ERRORS, Answer, Transport

# What the apiservers keep themselves: each enters its address, and leaves it out when it is gone.
API_VERSION, KIND, NAMESPACE, NAME = "discovery.k8s.io/v1", "EndpointSlice", "default", "kubernetes"


@dataclass(frozen=True)
class Apiserver:
    """What one apiserver answered: its version, and how far its clock is ahead of this machine's, in seconds.

    ``problem`` says why there was no answer.
    """

    address: str
    port: int = 6443
    version: str = ""
    ahead: float = 0.0
    problem: str = ""


def read_slice(reader: Reader) -> dict[str, Any] | None:
    """Return the slice ``default/kubernetes``, in which all apiservers stand."""
    return reader.get(API_VERSION, KIND, NAME, NAMESPACE)


def addresses(endpoint_slice: Mapping[str, Any] | None) -> list[tuple[str, int]]:
    """Return address and port of every apiserver in the slice ``default/kubernetes``."""
    found = endpoint_slice or {}
    port = next((entry["port"] for entry in found.get("ports") or [] if entry.get("port")), 6443)
    listed = [address for entry in found.get("endpoints") or [] for address in entry.get("addresses") or []]
    return sorted({(str(address), int(port)) for address in listed})


def ask_all(client: Client, endpoint_slice: Mapping[str, Any] | None) -> tuple[Apiserver, ...]:
    """Ask every apiserver in the slice ``default/kubernetes`` at once, each for itself."""
    token = client.authorization()
    places = addresses(endpoint_slice)
    return tuple(client.parallel(lambda place: ask(client.transport, *place, token=token), places))


def ask(
    transport: Transport,
    address: str,
    port: int,
    *,
    token: str | None = None,
    timeout: float = 2.0,
    clock: Callable[[], float] = time.time,
) -> Apiserver:
    """Ask one apiserver for its version, on a connection of its own.

    transport
        To another one of the cluster; its credentials are used here too.
    token
        Value of the Authorization header.
    timeout
        Seconds for connecting, and for the answer.
    clock
        This machine's time, in seconds since 1970.
    """
    headers = {"Accept": "application/json", **({"Authorization": token} if token else {})}
    before = clock()
    try:
        answer = transport.elsewhere(address, port, timeout).send("GET", "/version", None, headers)
    except ERRORS as err:
        text = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
        return Apiserver(address, port, problem=text[:200] or type(err).__name__)
    if answer.status != 200:
        return Apiserver(address, port, problem=f"it answers {answer.status}")
    return Apiserver(address, port, _version(answer), _ahead(answer, (before + clock()) / 2))


def _version(answer: Answer) -> str:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return ""
    return str(found.get("gitVersion", "")) if isinstance(found, dict) else ""


def _ahead(answer: Answer, now: float) -> float:
    """Return the difference of the clocks; the server leaves the fraction of its second out."""
    try:
        said: datetime = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return 0.0
    return said.timestamp() + 0.5 - now
