"""The endpoint: who moves its IP, the IP, the port, and every name that follows from them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from cp_ingress_core.addresses import IPAddress, parse_address
from cp_ingress_core.errors import ConfigError

Mode = Literal["metallb", "external"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class Endpoint:
    """One way in: ``mode`` says who moves the ``ip`` (MetalLB, or the user), ``port`` is the TCP port."""

    mode: Mode
    ip: str
    port: int

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Endpoint:
        """Read what :meth:`to_dict` wrote.

        Raises ConfigError when it is something else.
        """
        mode, ip, port = data.get("mode"), data.get("ip"), data.get("port")
        if mode not in MODES or parse_address(ip) is None or not isinstance(port, int):
            raise ConfigError([f"this is not an endpoint: {dict(data)!r}; it has a mode, an ip and a port"])
        return cls(mode, str(ip), port)

    def to_dict(self) -> dict[str, Any]:
        """Return the endpoint as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.url} ({self.mode})"

    @property
    def address(self) -> IPAddress:
        """The IP as an address."""
        address = parse_address(self.ip)
        if address is None:
            raise ConfigError([f"{self.ip!r}: this is not an IP address"])
        return address

    @property
    def host(self) -> str:
        """The IP as a URL's host: in brackets when it is IPv6."""
        return f"[{self.ip}]" if self.address.version == 6 else self.ip

    @property
    def url(self) -> str:
        """The endpoint's URL, without a slash at its end."""
        return f"https://{self.host}:{self.port}"

    @property
    def issuer(self) -> str:
        """The OIDC issuer behind the endpoint."""
        return f"{self.url}/oidc"

    @property
    def pool_cidr(self) -> str:
        """The IP as the only address of a MetalLB pool."""
        return f"{self.ip}/{self.address.max_prefixlen}"

    @property
    def san(self) -> str:
        """The IP as an alternative name of a certificate, in OpenSSL's form."""
        return f"IP:{self.ip}"

    @property
    def slug(self) -> str:
        """The IP as part of a name: a DNS label."""
        # The long form of IPv6: "::" could end the name with a dash.
        return self.address.exploded.replace(".", "-").replace(":", "-")

    @property
    def service_name(self) -> str:
        """Name of the endpoint's Service: one for each pair of mode and IP, a DNS label."""
        return f"cp-{self.mode}-{self.slug}"
