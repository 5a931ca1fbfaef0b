"""What can be chosen about a cluster when it is brought up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.sandbox.errors import SandboxError

PROXY_MODES = ("iptables", "nftables")
EXTERNAL_IPS = ("allowed", "unserved", "denied")


@dataclass(frozen=True)
class Options:
    """A cluster's options.

    `proxy`: kube-proxy's mode. `external_ips`, what becomes of a Service's externalIPs: `allowed` as by
    default, `unserved` by kube-proxy (its feature gate AllowServiceExternalIPs is off), `denied` by the
    apiserver (its admission plugin DenyServiceExternalIPs is on).
    """

    proxy: str = "iptables"
    external_ips: str = "allowed"

    def __post_init__(self) -> None:
        check_choice("--proxy", self.proxy, PROXY_MODES)
        check_choice("--external-ips", self.external_ips, EXTERNAL_IPS)

    def __str__(self) -> str:
        return f"kube-proxy in {self.proxy} mode and externalIPs {self.external_ips}"


def check_choice(option: str, value: object, allowed: Sequence[object]) -> None:
    """Raise SandboxError for a value that is none of the allowed ones."""
    if value not in allowed:
        raise SandboxError(f"{option} {value}: must be one of {', '.join(map(str, allowed))}")
