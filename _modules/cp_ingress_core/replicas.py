"""Does every NGINX replica serve the certificate for the endpoint, before anybody is sent to it?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cp_ingress_core import certificates, serving
from cp_ingress_core.errors import WaitTimeout

HTTPS = 443
PAUSE = 0.5


def addresses(pods: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the IP of each ready Pod by name; those about to end are left out."""
    found = {}
    for pod in pods:
        conditions = {item["type"]: item["status"] for item in pod.get("status", {}).get("conditions", [])}
        ip = pod.get("status", {}).get("podIP")
        if ip and conditions.get("Ready") == "True" and not pod["metadata"].get("deletionTimestamp"):
            found[pod["metadata"]["name"]] = ip
    return found


def wait_for_certificate(
    replicas: Mapping[str, str],
    ip: str,
    *,
    timeout: float,
    show: Callable[[str], str] = lambda host: serving.certificate_of(host, HTTPS),
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Wait until each replica serves a certificate that names `ip`; return those that could not be asked.

    replicas
        Address by Pod name.
    timeout
        Seconds after which WaitTimeout names the replicas that serve another certificate.
    show
        Returns the PEM certificate that an address serves, "" when it does not answer.
    """
    deadline = time.monotonic() + timeout
    while True:
        shown = {name: show(address) for name, address in replicas.items()}
        wrong = {
            name: ", ".join(certificates.parse(pem).names) or "no name"
            for name, pem in shown.items()
            if pem and not certificates.parse(pem).covers(ip)
        }
        if not wrong:
            return sorted(name for name, pem in shown.items() if not pem)
        if time.monotonic() > deadline:
            pending = {name: f"its certificate names {names}, not {ip}" for name, names in wrong.items()}
            lines = "; ".join(f"Pod {name}: {why}" for name, why in sorted(pending.items()))
            raise WaitTimeout(
                f"after {timeout:.0f} s not every replica serves {ip}: {lines}", pending=pending
            )
        sleep(PAUSE)
