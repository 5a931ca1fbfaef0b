"""Whether a certificate serves the endpoint, by its own facts."""

import datetime

import pytest

from cp_ingress_core import certificates
from cp_ingress_core.errors import ConfigError
from tests.unit.pki import DAY, NOW, make_ca, make_server

CA = make_ca()

UNFIT = [
    pytest.param([], {}, NOW, ["lack 10.200.0.50"], id="no subject alternative name at all"),
    pytest.param(["10.200.0.51"], {}, NOW, ["(10.200.0.51) lack 10.200.0.50"], id="another IP"),
    pytest.param(["10.200.0.50"], {"days": -0.5}, NOW, ["expired on"], id="expired"),
    pytest.param(["10.200.0.50"], {}, NOW - 3 * DAY, ["not valid before"], id="not valid yet"),
    pytest.param(["a.test"], {"days": -0.5}, NOW, ["(a.test) lack", "expired"], id="two problems at once"),
]


@pytest.mark.parametrize(("names", "lifetime", "now", "expected"), UNFIT)
def test_problems_name_what_is_wrong(names, lifetime, now, expected):
    parsed = certificates.parse(make_server(CA, names, **lifetime).certificate_pem)
    found = certificates.problems(parsed, "10.200.0.50", now)
    assert len(found) == len(expected)
    for text, part in zip(found, expected, strict=True):
        assert part in text


@pytest.mark.parametrize("host", ["10.200.0.50", "fd00::50", "FD00:0::50", "Ingress.Example.test"])
def test_a_fitting_certificate_has_no_problem_however_the_host_is_written(host):
    parsed = certificates.parse(
        make_server(CA, ["10.200.0.50", "fd00::50", "ingress.example.test"]).certificate_pem
    )
    assert certificates.problems(parsed, host, NOW) == []


def test_the_first_certificate_of_a_chain_counts():
    server = make_server(CA, ["10.200.0.50"])
    assert certificates.parse(server.certificate_pem + CA.certificate_pem).names == ("10.200.0.50",)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_text_that_is_no_certificate_is_refused_in_words(text):
    with pytest.raises(ConfigError, match="not a PEM certificate"):
        certificates.parse(text)


def test_a_key_matches_its_own_certificate_only():
    one, other = make_server(CA, ["10.200.0.50"]), make_server(CA, ["10.200.0.50"])
    parsed = certificates.parse(one.certificate_pem)
    assert certificates.key_matches(parsed, one.key_pem)
    assert not certificates.key_matches(parsed, other.key_pem)
    assert not certificates.key_matches(parsed, "no key")


def test_times_are_aware():
    parsed = certificates.parse(make_server(CA, ["10.200.0.50"]).certificate_pem)
    assert parsed.not_after.tzinfo is datetime.UTC
