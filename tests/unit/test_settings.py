"""The settings: defaults, what is derived from them, every refusal of the pillar's `cp_ingress` section.

The `networks` section has its own tables in test_bootstrap.py: the same function reads it.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cp_ingress_core.errors import ConfigError
from cp_ingress_core.settings import Settings

SHA256 = "fb06bb584fcb7856f15733b2a6a2aff5b61b5c350687e341c163ae24a5938adc"


def pillar(tuning: Any = None, *, ip: str | None = "10.200.0.50", metallb: bool = True) -> dict[str, Any]:
    cidr = "fd00::/64" if ip and ":" in ip else "10.200.0.0/24"
    control_plane: dict[str, Any] = {"cidr": [cidr], "metalLB": {"enabled": metallb}, "ingress": {"ip": ip}}
    found: dict[str, Any] = {"networks": {"controlPlane": control_plane}, "others": {"left": "alone"}}
    if tuning is not None:
        found["cp_ingress"] = tuning
    return found


def errors_of(found: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Settings.from_pillar(found)
    return caught.value.info["errors"]


def test_defaults() -> None:
    settings = Settings.from_pillar(pillar())
    assert settings.kubeconfig == "/etc/kubernetes/admin.conf"
    assert settings.helm is None
    assert settings.port == 8443
    assert {name: chart.source for name, chart in settings.charts.items()} == {
        "metallb": "upstream",
        "ingress-nginx": "upstream",
    }
    assert (settings.certificate_kind, settings.tls_secret) == ("managed", "cp-ingress-tls")
    assert settings.certificate_days == 365
    assert settings.certificate_renew_before_days == 30
    assert settings.certificate_ca_days == 3650
    assert settings.pki_dir == "/etc/cp-ingress/pki"
    assert (settings.timeout_wait, settings.timeout_verify) == (300, 60)
    assert (settings.exposure, settings.node_addresses) == ("auto", False)
    assert (settings.keep_old_for, settings.handover_timeout) == (0, 300)
    assert (settings.connect_to, settings.remove_crds) == (None, False)
    assert settings.notes == ()


DERIVED = {
    "MetalLB, IPv4": (
        pillar(),
        {
            "mode": "metallb",
            "host": "10.200.0.50",
            "url": "https://10.200.0.50:8443",
            "issuer": "https://10.200.0.50:8443/oidc",
            "pool_cidr": "10.200.0.50/32",
            "service_name": "cp-metallb-10-200-0-50",
            "ca_file": "/etc/cp-ingress/pki/ca.crt",
        },
    ),
    "external, another port": (
        pillar({"port": 443}, ip="10.200.0.11", metallb=False),
        {
            "mode": "external",
            "url": "https://10.200.0.11:443",
            "service_name": "cp-external-10-200-0-11",
        },
    ),
    "IPv6": (
        pillar(ip="fd00::50"),
        {
            "host": "[fd00::50]",
            "issuer": "https://[fd00::50]:8443/oidc",
            "pool_cidr": "fd00::50/128",
            "service_name": "cp-metallb-fd00-0000-0000-0000-0000-0000-0000-0050",
        },
    ),
    "another folder for keys": (
        pillar({"certificate": {"pki_dir": "/srv/pki/"}}),
        {"pki_dir": "/srv/pki", "ca_key": "/srv/pki/ca.key", "server_certificate": "/srv/pki/server.crt"},
    ),
    "behind NAT, on every master, on a cluster without externalIPs": (
        pillar(
            {
                "external": {"exposure": "status", "node_addresses": True},
                "verify": {"connect_to": "10.200.0.11:8443"},
            },
            ip="192.0.2.7",
            metallb=False,
        ),
        {"exposure": "status", "node_addresses": True, "connect_to": ("10.200.0.11", 8443)},
    ),
    "reached through an IPv6 address": (
        pillar({"verify": {"connect_to": "[FD00:0::51]:443"}}, ip="fd00::50"),
        {"connect_to": ("fd00::51", 443)},
    ),
    "a change with time": (
        pillar(
            {"change": {"keep_old_for": 86400, "handover_timeout": 3600}, "metallb": {"remove_crds": True}}
        ),
        {"keep_old_for": 86400, "handover_timeout": 3600, "remove_crds": True},
    ),
    "the user's own certificate": (
        pillar({"certificate": {"kind": "secret", "secret": "mine", "ca_file": "/srv/ca.pem"}}),
        {"certificate_kind": "secret", "tls_secret": "mine", "ca_file": "/srv/ca.pem"},
    ),
    "the user's own certificate, from a public CA": (
        pillar({"certificate": {"kind": "secret", "secret": "mine", "renew_before_days": 14}}),
        {"ca_file": None, "certificate_renew_before_days": 14},
    ),
}


@pytest.mark.parametrize(("found", "expected"), DERIVED.values(), ids=DERIVED)
def test_derived(found: dict[str, Any], expected: dict[str, Any]) -> None:
    data = Settings.from_pillar(found).to_dict()
    assert {name: data[name] for name in expected} == expected


def test_charts_are_tuned_one_by_one() -> None:
    charts = {
        "metallb": {"version": "0.16.2", "sha256": SHA256.upper(), "values": {"crds": {"enabled": True}}},
        "ingress-nginx": {"source": "mirror", "mirror": "https://mirror.example:8080/charts/"},
    }
    settings = Settings.from_pillar(pillar({"charts": charts}))
    metallb, nginx = settings.charts["metallb"], settings.charts["ingress-nginx"]
    assert (metallb.version, metallb.sha256, metallb.values) == (
        "0.16.2",
        SHA256,
        {"crds": {"enabled": True}},
    )
    assert (nginx.source, nginx.mirror) == ("mirror", "https://mirror.example:8080/charts")


def test_settings_cannot_be_changed() -> None:
    settings = Settings.from_pillar(pillar())
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]


def test_as_plain_data() -> None:
    settings = Settings.from_pillar(pillar({"charts": {"metallb": {"values": {"a": [1]}}}}))
    data = settings.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["charts"]["metallb"]["values"] == {"a": [1]}
    assert Settings.from_pillar({"networks": data["networks"]}).to_dict()["url"] == data["url"]


def test_notes_travel() -> None:
    found = pillar({"notes": ["from the file"], "errors": []}, ip="192.0.2.7", metallb=False)
    notes = Settings.from_pillar(found).notes
    assert notes[0] == "from the file"
    assert "it is outside 10.200.0.0/24" in notes[1]


def test_errors_in_the_pillar_come_alone() -> None:
    assert errors_of({"cp_ingress": {"errors": ["first", "second"], "prot": 1}}) == ["first", "second"]
    assert errors_of({"cp_ingress": {"errors": "one"}}) == ["one"]


# The tuning, then for each error expected the key and the reason.
REFUSED = {
    "no mapping": ([], [("cp_ingress", "this is not a mapping")]),
    "an unknown key": ({"prot": 1}, [("cp_ingress:prot", "there is no such key")]),
    "a password under an unknown key": (
        {"client_secret": "hunter2"},
        [("cp_ingress:client_secret", "there is no such key")],
    ),
    "an unknown chart": ({"charts": {"nginx": {}}}, [("cp_ingress:charts:nginx", "there is no such key")]),
    "charts as a list": ({"charts": ["metallb"]}, [("cp_ingress:charts", "this is not a mapping")]),
    "a relative kubeconfig": (
        {"kubeconfig": "admin.conf"},
        [("cp_ingress:kubeconfig", "this is not in the right form")],
    ),
    "helm as a number": ({"helm": 4}, [("cp_ingress:helm", "this is not in the right form")]),
    "a port out of range": ({"port": 70000}, [("cp_ingress:port", "this is not such a number")]),
    "a port in quotes": ({"port": "8443"}, [("cp_ingress:port", "this is not such a number")]),
    "a boolean for a port": ({"port": True}, [("cp_ingress:port", "this is not such a number")]),
    "the apiserver's port": (
        {"port": 6443},
        [("cp_ingress:port", "masters need this port for the apiserver")],
    ),
    "an unknown source": (
        {"charts": {"metallb": {"source": "Miror"}}},
        [("cp_ingress:charts:metallb:source", "this is not one of the choices")],
    ),
    "a mirror without its URL": (
        {"charts": {"metallb": {"source": "mirror"}}},
        [("cp_ingress:charts:metallb:mirror", "source: mirror needs it")],
    ),
    "a directory without its path": (
        {"charts": {"metallb": {"source": "directory", "directory": ""}}},
        [("cp_ingress:charts:metallb:directory", "this is not in the right form")],
    ),
    "a mirror that would do nothing": (
        {"charts": {"metallb": {"mirror": "https://mirror.example"}}},
        [("cp_ingress:charts:metallb:mirror", "it does nothing with source: upstream")],
    ),
    "a mirror with a password": (
        {"charts": {"metallb": {"source": "mirror", "mirror": "https://me:hunter2@mirror.example"}}},
        [("cp_ingress:charts:metallb:mirror", "this is not the base URL of a mirror")],
    ),
    "a mirror with a bad port": (
        {"charts": {"metallb": {"source": "mirror", "mirror": "https://mirror.example:http"}}},
        [("cp_ingress:charts:metallb:mirror", "this is not the base URL of a mirror")],
    ),
    "a mirror that is a path": (
        {"charts": {"metallb": {"source": "mirror", "mirror": "/srv/charts"}}},
        [("cp_ingress:charts:metallb:mirror", "this is not in the right form")],
    ),
    "a version without its digest": (
        {"charts": {"metallb": {"version": "0.16.2"}}},
        [
            (
                "cp_ingress:charts:metallb:sha256",
                "version is set and names another archive than the shipped one",
            )
        ],
    ),
    "a digest without its version": (
        {"charts": {"metallb": {"sha256": SHA256}}},
        [
            (
                "cp_ingress:charts:metallb:version",
                "sha256 is set and names another archive than the shipped one",
            )
        ],
    ),
    "a version that YAML made a number": (
        {"charts": {"metallb": {"version": 0.16, "sha256": SHA256}}},
        [("cp_ingress:charts:metallb:version", "this is not in the right form")],
    ),
    "a version that is a path": (
        {"charts": {"metallb": {"version": "../0.16.2", "sha256": SHA256}}},
        [("cp_ingress:charts:metallb:version", "this is not in the right form")],
    ),
    "half a digest": (
        {"charts": {"metallb": {"version": "0.16.2", "sha256": SHA256[:32]}}},
        [("cp_ingress:charts:metallb:sha256", "this is not in the right form")],
    ),
    "values as text": (
        {"charts": {"metallb": {"values": "crds.enabled=true"}}},
        [("cp_ingress:charts:metallb:values", "this is not a mapping of names")],
    ),
    "values with a number for a key": (
        {"charts": {"metallb": {"values": {1: 2}}}},
        [("cp_ingress:charts:metallb:values", "this is not a mapping of names")],
    ),
    "an unknown kind of certificate": (
        {"certificate": {"kind": "self-signed"}},
        [("cp_ingress:certificate:kind", "this is not one of the choices")],
    ),
    "a Secret without its name": (
        {"certificate": {"kind": "secret"}},
        [("cp_ingress:certificate:secret", "kind: secret needs it")],
    ),
    "a Secret with its namespace": (
        {"certificate": {"kind": "secret", "secret": "cp-ingress/mine"}},
        [("cp_ingress:certificate:secret", "this is not in the right form")],
    ),
    "the managed Secret's name": (
        {"certificate": {"kind": "secret", "secret": "cp-ingress-tls"}},
        [("cp_ingress:certificate:secret", "this name belongs to the managed certificate")],
    ),
    "a Secret beside a managed certificate": (
        {"certificate": {"secret": "mine"}},
        [("cp_ingress:certificate:secret", "it does nothing with kind: managed")],
    ),
    "validity of a certificate that is the user's": (
        {"certificate": {"kind": "secret", "secret": "mine", "days": 90, "pki_dir": "/srv/pki"}},
        [
            ("cp_ingress:certificate:days", "it does nothing with kind: secret"),
            ("cp_ingress:certificate:pki_dir", "it does nothing with kind: secret"),
        ],
    ),
    "renewal before the certificate is issued": (
        {"certificate": {"days": 30, "renew_before_days": 30}},
        [
            (
                "cp_ingress:certificate:renew_before_days",
                "a certificate valid for 30 days would be issued anew",
            )
        ],
    ),
    "a CA that expires before what it signs": (
        {"certificate": {"days": 365, "ca_days": 394}},
        [("cp_ingress:certificate:ca_days", "a server certificate valid for 365 days would outlive its CA")],
    ),
    "no time to wait": (
        {"timeouts": {"wait": 0}},
        [("cp_ingress:timeouts:wait", "this is not such a number")],
    ),
    "a timeout with a unit": (
        {"timeouts": {"verify": "60s"}},
        [("cp_ingress:timeouts:verify", "this is not such a number")],
    ),
    "an exposure that there is not": (
        {"external": {"exposure": "externalips"}},
        [("cp_ingress:external:exposure", "this is not one of the choices")],
    ),
    "the masters' addresses as a list": (
        {"external": {"node_addresses": ["10.200.0.11"]}},
        [("cp_ingress:external:node_addresses", "this is neither true nor false")],
    ),
    "the masters' addresses in quotes": (
        {"external": {"node_addresses": "true"}},
        [("cp_ingress:external:node_addresses", "this is neither true nor false")],
    ),
    "an unknown key of external mode": (
        {"external": {"exposre": "auto"}},
        [("cp_ingress:external:exposre", "there is no such key")],
    ),
    "the old address kept for a time with a unit": (
        {"change": {"keep_old_for": "24h"}},
        [("cp_ingress:change:keep_old_for", "this is not such a number")],
    ),
    "the old address kept for less than nothing": (
        {"change": {"keep_old_for": -1}},
        [("cp_ingress:change:keep_old_for", "this is not such a number")],
    ),
    "the old address kept for more than a month": (
        {"change": {"keep_old_for": 2_592_001}},
        [("cp_ingress:change:keep_old_for", "this is not such a number")],
    ),
    "a hand-over without time": (
        {"change": {"handover_timeout": 0}},
        [("cp_ingress:change:handover_timeout", "this is not such a number")],
    ),
    "an unknown key of a change": (
        {"change": {"keep": 60}},
        [("cp_ingress:change:keep", "there is no such key")],
    ),
    "another address without its port": (
        {"verify": {"connect_to": "10.200.0.11"}},
        [("cp_ingress:verify:connect_to", "this is not in the right form")],
    ),
    "another address by name": (
        {"verify": {"connect_to": "ingress.example:8443"}},
        [("cp_ingress:verify:connect_to", "this is not in the right form")],
    ),
    "another address as a URL": (
        {"verify": {"connect_to": "https://10.200.0.11:8443"}},
        [("cp_ingress:verify:connect_to", "this is not in the right form")],
    ),
    "another address in IPv6 without brackets": (
        {"verify": {"connect_to": "fd00::51:8443"}},
        [("cp_ingress:verify:connect_to", "this is not in the right form")],
    ),
    "IPv4 in brackets is no address": (
        {"verify": {"connect_to": "[10.200.0.11]:8443"}},
        [("cp_ingress:verify:connect_to", "this is not in the right form")],
    ),
    "another address that is none": (
        {"verify": {"connect_to": "10.200.0.500:8443"}},
        [("cp_ingress:verify:connect_to", "this is not an address and a port")],
    ),
    "another address in IPv6 that is none": (
        {"verify": {"connect_to": "[fd00:::51]:8443"}},
        [("cp_ingress:verify:connect_to", "this is not an address and a port")],
    ),
    "a port of another address out of range": (
        {"verify": {"connect_to": "10.200.0.11:65536"}},
        [("cp_ingress:verify:connect_to", "this is not an address and a port")],
    ),
    "no port at another address": (
        {"verify": {"connect_to": "10.200.0.11:0"}},
        [("cp_ingress:verify:connect_to", "this is not an address and a port")],
    ),
    "another address as a mapping": (
        {"verify": {"connect_to": {"ip": "10.200.0.11"}}},
        [("cp_ingress:verify:connect_to", "this is not in the right form")],
    ),
    "an unknown key of the verification": (
        {"verify": {"timeout": 60}},
        [("cp_ingress:verify:timeout", "there is no such key")],
    ),
    "definitions to be removed, as a number": (
        {"metallb": {"remove_crds": 1}},
        [("cp_ingress:metallb:remove_crds", "this is neither true nor false")],
    ),
    "an unknown key of MetalLB": (
        {"metallb": {"values": {}}},
        [("cp_ingress:metallb:values", "there is no such key")],
    ),
    "a section as text": ({"change": "never"}, [("cp_ingress:change", "this is not a mapping")]),
    "everything at once": (
        {"port": 0, "helm": "helm", "timeouts": {"wait": 1.5}, "certificate": {"kind": 1}},
        [
            ("cp_ingress:helm", "this is not in the right form"),
            ("cp_ingress:port", "this is not such a number"),
            ("cp_ingress:timeouts:wait", "this is not such a number"),
            ("cp_ingress:certificate:kind", "this is not one of the choices"),
        ],
    ),
}


@pytest.mark.parametrize(("tuning", "expected"), REFUSED.values(), ids=REFUSED)
def test_refused(tuning: Any, expected: list[tuple[str, str]]) -> None:
    errors = errors_of(pillar(tuning))
    assert len(errors) == len(expected)
    for error, (key, why) in zip(errors, expected, strict=True):
        assert error.startswith(f"{key}: found ")
        assert f": {why}" in error
        assert ". Allowed: " in error
        assert ". Remedy: " in error
        assert "hunter2" not in error


def test_networks_and_tuning_are_refused_together() -> None:
    found = pillar({"port": 0})
    found["networks"]["controlPlane"]["ingress"] = {}
    keys = [error.split(":")[0] for error in errors_of(found)]
    assert keys == ["networks.controlPlane.ingress.ip", "cp_ingress"]


@pytest.mark.parametrize("found", [{}, {"networks": {}}, {"networks": None, "cp_ingress": {}}])
def test_a_pillar_without_networks(found: dict[str, Any]) -> None:
    (error,) = errors_of(found)
    assert error.startswith("networks")


@pytest.mark.parametrize(
    ("cidrs", "addresses", "expected"),
    [
        pytest.param(["10.200.0.0/24"], ["10.200.0.11", "192.168.1.11"], ["10.200.0.11"], id="one network"),
        pytest.param(
            ["10.200.0.0/24", "10.201.0.0/24"],
            ["10.201.0.11", "10.200.0.11", "10.202.0.11"],
            ["10.201.0.11", "10.200.0.11"],
            id="several networks",
        ),
        pytest.param(["10.200.0.0/24"], ["fd00::11", "master-1"], [], id="neither another family nor names"),
    ],
)
def test_the_addresses_of_a_machine_in_the_control_plane(
    cidrs: list[str], addresses: list[str], expected: list[str]
) -> None:
    found = pillar(metallb=False)
    found["networks"]["controlPlane"]["cidr"] = cidrs
    assert Settings.from_pillar(found).control_plane(addresses) == expected


def test_an_external_ip_that_nobody_filled_in() -> None:
    (error,) = errors_of(pillar(ip=None, metallb=False))
    assert error.startswith(
        "networks.controlPlane.ingress.ip: the pillar has none. Remedy: have pillar/top.sls"
    )


KEYS = st.sampled_from(
    re.findall(
        r"\w[\w-]*", "charts metallb ingress-nginx source mirror directory version sha256 values port helm"
    )
    + re.findall(
        r"\w+", "certificate kind secret days ca_days pki_dir timeouts wait verify errors notes kubeconfig"
    )
    + re.findall(
        r"\w+",
        "external exposure node_addresses change keep_old_for handover_timeout connect_to remove_crds",
    )
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.binary(max_size=3),
    st.sampled_from(
        [
            "mirror",
            "directory",
            "secret",
            "/srv/x",
            "https://[",
            "https://m:99999",
            "1.2.3:1",
            "status",
            SHA256,
        ]
    ),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(KEYS, st.integers(), st.tuples(st.booleans())), inner, max_size=6),
    ),
    max_leaves=15,
)


@given(tuning=TREES, networks=TREES)
@hypothesis_settings(max_examples=150, deadline=None)
def test_any_pillar_is_accepted_or_refused(tuning: Any, networks: Any) -> None:
    for found in (pillar(tuning), {"networks": networks}, {"networks": {"controlPlane": networks}}):
        before = copy.deepcopy(found)
        try:
            settings = Settings.from_pillar(found)
        except ConfigError as err:
            assert err.info["errors"]
        else:
            json.dumps(settings.to_dict()["charts"]["metallb"]["source"])
            assert 0 < settings.port < 65536
            assert settings.timeout_wait > 0
        assert repr(found) == repr(before)


@given(
    ip=st.one_of(
        st.ip_addresses(v=4, network="10.200.0.0/24"), st.ip_addresses(v=6, network="fd00::/64")
    ).map(str),
    metallb=st.booleans(),
)
def test_what_the_pillar_says_comes_back(ip: str, metallb: bool) -> None:
    edges = ("10.200.0.0", "10.200.0.255", "fd00::")
    found = pillar(ip=ip, metallb=metallb)
    if ip in edges:
        (error,) = errors_of(found)
        assert "address of" in error
        return
    settings = Settings.from_pillar(found)
    assert (settings.ip, settings.mode) == (ip, "metallb" if metallb else "external")
    assert settings.networks.to_pillar() == found["networks"]
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", settings.endpoint.service_name)
