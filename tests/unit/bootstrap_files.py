"""Bootstrap files as text, and what reading them gives, for the tests."""

from __future__ import annotations

import textwrap

import pytest

from cp_ingress_core import bootstrap
from cp_ingress_core.errors import ConfigError
from cp_ingress_core.networks import Networks

HEADER = "apiVersion: cp-ingress/v1\nkind: BootstrapConfiguration\n"
METALK8S = "apiVersion: metalk8s.scality.com/v1alpha3\nkind: BootstrapConfiguration\n"
GOOD = (
    HEADER
    + "networks: {controlPlane: {cidr: 10.200.0.0/24, metalLB: {enabled: true}, ingress: {ip: 10.200.0.50}}}"
)
FILE = "/srv/bootstrap.yaml"


def control_plane(body: str, header: str = HEADER, after: str = "") -> str:
    """Return a file whose `networks.controlPlane` is `body`."""
    return (
        f"{header}networks:\n  controlPlane:\n{textwrap.indent(body, '    ')}\n{textwrap.indent(after, '  ')}"
    )


def parse(text: str | bytes) -> Networks:
    return bootstrap.parse(text.encode() if isinstance(text, str) else text, FILE)


def errors_of(text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return caught.value.info["errors"]
