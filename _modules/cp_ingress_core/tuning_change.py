"""How the endpoint is reached, changed and left: the pillar's ``external``, ``change``, ``verify`` and
``orchestrate``.
"""

from __future__ import annotations

from typing import Any

from cp_ingress_core.addresses import parse_address
from cp_ingress_core.exposure import SETTINGS as EXPOSURES
from cp_ingress_core.sections import Section

SECTIONS = ("external", "change", "verify", "orchestrate")
EXTERNAL_KEYS = ("exposure", "node_addresses")
CHANGE_KEYS = ("keep_old_for", "handover_timeout")
VERIFY_KEYS = ("connect_to",)
ORCHESTRATE_KEYS = ("bootstrap", "masters")

_MINION = r"[^\s/\x00-\x1f\x7f]{1,253}"


def read_change(section: Section) -> dict[str, Any]:
    """Return the fields of :class:`tuning.Tuning` that these sections give."""
    external = section.section("external", EXTERNAL_KEYS)
    change = section.section("change", CHANGE_KEYS)
    return {
        "exposure": external.choice("exposure", "auto", EXPOSURES),
        "node_addresses": external.boolean("node_addresses", False),
        "keep_old_for": change.integer("keep_old_for", 0, 0, 2_592_000, "seconds"),
        "handover_timeout": change.integer("handover_timeout", 300, 1, 86_400, "seconds"),
        "connect_to": _connect_to(section.section("verify", VERIFY_KEYS)),
        **_orchestrate(section.section("orchestrate", ORCHESTRATE_KEYS)),
    }


def _orchestrate(section: Section) -> dict[str, Any]:
    """Return the minion ID of the bootstrap node and those of all masters; None and () without any."""
    bootstrap = section.text(
        "bootstrap",
        _MINION,
        "the minion ID of the bootstrap node",
        "write what `salt-key --list=acc` shows",
    )
    masters = section.texts(
        "masters",
        _MINION,
        "a list of all control-plane nodes' minion IDs, each once",
        "write what `salt-key --list=acc` shows, the one to be changed first at the top",
    )
    for key, other in (("bootstrap", "masters"), ("masters", "bootstrap")):
        if section.has(other) and not section.has(key):
            section.refuse(
                key, f"{other} is set", allowed="both or neither", remedy=f"add {key}, or remove {other}"
            )
    return {"orchestrate_bootstrap": bootstrap, "orchestrate_masters": masters}


def _connect_to(section: Section) -> tuple[str, int] | None:
    """Return an address and a port."""
    allowed = "an IP address and a port: 192.0.2.1:8443 or [2001:db8::1]:8443"
    remedy = "write where this machine reaches the endpoint, or leave it out to use the ingress IP"
    text = section.text("connect_to", r"(\[[0-9a-fA-F:]+\]|[0-9.]+):[0-9]{1,5}", allowed, remedy)
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    address = parse_address(host.strip("[]"))
    if address is None or not 0 < int(port) < 65536:
        section.refuse("connect_to", "this is not an address and a port", allowed=allowed, remedy=remedy)
        return None
    return str(address), int(port)
