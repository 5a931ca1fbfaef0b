"""What is said about certificates: the user's own, and those that are issued here."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest

from cp_ingress_core import certificates
from cp_ingress_core.preflight.certificates import Issued, check_issued, check_tls_secret
from tests.unit.pki import NOW, make_ca, make_server
from tests.unit.preflight.objects import IP

CA = make_ca()
GOOD = make_server(CA, [IP], days=90)
SECRETS = [
    pytest.param(None, "tls-secret-missing", "error", id="no such Secret"),
    pytest.param({}, "tls-secret-unreadable", "error", id="a Secret without tls.crt"),
    pytest.param({"tls.crt": "x"}, "tls-secret-unreadable", "error", id="no certificate in it"),
    pytest.param(
        {"tls.crt": make_server(CA, ["10.200.0.51"]).certificate_pem},
        "tls-secret-unfit",
        "error",
        id="wrong IP",
    ),
    pytest.param(
        {"tls.crt": make_server(CA, [IP], days=3).certificate_pem},
        "tls-secret-expires",
        "warning",
        id="soon to expire",
    ),
]


@pytest.mark.parametrize(("secret", "identifier", "level"), SECRETS)
def test_the_users_own_tls_secret_is_checked(secret: Any, identifier: str, level: str) -> None:
    (finding,) = check_tls_secret(secret, "cp-ingress/mine", IP, NOW, 30)
    assert (finding.id, finding.level) == (identifier, level)
    assert "cp-ingress/mine" in finding.evidence


def test_a_good_tls_secret_gives_no_finding() -> None:
    assert check_tls_secret({"tls.crt": GOOD.certificate_pem}, "cp-ingress/mine", IP, NOW, 30) == []


ISSUED = Issued(
    ca=certificates.parse(CA.certificate_pem),
    ca_key=True,
    server=certificates.parse(GOOD.certificate_pem),
    ca_path="/pki/ca.crt",
    server_path="/pki/server.crt",
)


def day(number: float) -> datetime.datetime:
    """The time `number` days before the CA expires."""
    assert ISSUED.ca is not None
    return ISSUED.ca.not_after - datetime.timedelta(days=number)


@pytest.mark.parametrize(
    ("issued", "now", "serves", "wanted"),
    [
        pytest.param(Issued(), NOW, True, [], id="nothing issued yet"),
        pytest.param(ISSUED, NOW, True, [], id="all is well"),
        pytest.param(
            replace(ISSUED, ca_key=False), NOW, True, [("ca-key-missing", "error")], id="the CA's key is lost"
        ),
        pytest.param(
            replace(ISSUED, server=None),
            day(0.5),
            True,
            [("ca-expires", "warning")],
            id="the CA expires soon",
        ),
        pytest.param(
            replace(ISSUED, server=None), day(-1), True, [("ca-expired", "error")], id="the CA has expired"
        ),
        pytest.param(
            replace(ISSUED, server=certificates.parse(make_server(CA, ["10.9.9.9"]).certificate_pem)),
            NOW,
            True,
            [("server-certificate-unfit", "warning")],
            id="clients are refused today",
        ),
        pytest.param(
            replace(ISSUED, server=certificates.parse(make_server(CA, ["10.9.9.9"]).certificate_pem)),
            NOW,
            False,
            [],
            id="an IP that is being changed gets its certificate in this run",
        ),
        pytest.param(
            Issued(unreadable=("/pki/ca.crt: Permission denied",)),
            NOW,
            True,
            [("certificate-unreadable", "error")],
            id="a file that is none",
        ),
    ],
)
def test_what_is_issued_here_is_checked(
    issued: Issued, now: datetime.datetime, serves: bool, wanted: list[tuple[str, str]]
) -> None:
    found = check_issued(issued, IP, now, 1, serves=serves)
    assert [(finding.id, finding.level) for finding in found] == wanted
