"""What preflight makes of the facts it was given."""

import pytest

from cp_ingress_core import preflight
from tests.unit.pki import NOW, make_ca, make_server

CA = make_ca()


def node(name, *addresses, master=True, **spec):
    return {
        "metadata": {"name": name, "labels": {preflight.CONTROL_PLANE_LABEL: ""} if master else {}},
        "spec": spec,
        "status": {
            "addresses": [
                *({"type": "InternalIP", "address": address} for address in addresses),
                {"type": "Hostname", "address": name},
            ]
        },
    }


def test_masters_are_the_labelled_nodes_by_name_without_their_host_names():
    nodes = [
        node("b", "10.0.0.2"),
        node("worker", "10.0.0.9", master=False),
        node("a", "10.0.0.1", "fd00::1"),
    ]
    assert preflight.masters(nodes) == {"a": ["10.0.0.1", "fd00::1"], "b": ["10.0.0.2"]}
    assert list(preflight.masters(nodes)) == ["a", "b"]


def test_a_cluster_without_masters_is_refused_with_the_label_to_set():
    (finding,) = preflight.check_masters({})
    assert (finding.id, finding.level) == ("no-masters", "error")
    assert "kubectl label node" in finding.remedy


@pytest.mark.parametrize(
    ("mode", "count", "ids"),
    [
        pytest.param("metallb", 1, ["single-master"], id="MetalLB with one master is told"),
        pytest.param("metallb", 2, [], id="MetalLB with two masters is fine"),
        pytest.param("external", 1, [], id="an IP of the user's own is the user's matter"),
    ],
)
def test_redundancy(mode, count, ids):
    found = {f"n{number}": ["10.0.0.1"] for number in range(count)}
    assert [finding.id for finding in preflight.check_redundancy(mode, found)] == ids


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            {"podCIDRs": ["10.1.0.0/24", "fd00::/64"]}, ["10.1.0.0/24", "fd00::/64"], id="dual stack"
        ),
        pytest.param({"podCIDR": "10.1.0.0/24"}, ["10.1.0.0/24"], id="the old single field"),
        pytest.param({}, [], id="none given, the network plug-in allocates"),
    ],
)
def test_pod_cidrs(spec, expected):
    assert preflight.pod_cidrs([node("a", "10.0.0.1", **spec)] * 2) == expected


def test_service_cidrs():
    assert preflight.service_cidrs([{"spec": {"cidrs": ["10.96.0.0/16"]}}, {}]) == ["10.96.0.0/16"]


def test_conflicts_become_errors():
    (finding,) = preflight.check_conflicts(["10.0.0.1 is node a"])
    assert (finding.level, finding.evidence) == ("error", "10.0.0.1 is node a")


GOOD = make_server(CA, ["10.200.0.50"], days=90)
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
        {"tls.crt": make_server(CA, ["10.200.0.50"], days=3).certificate_pem},
        "tls-secret-expires",
        "warning",
        id="soon to expire",
    ),
]


@pytest.mark.parametrize(("secret", "identifier", "level"), SECRETS)
def test_the_users_own_tls_secret_is_checked(secret, identifier, level):
    (finding,) = preflight.check_tls_secret(secret, "cp-ingress/mine", "10.200.0.50", NOW, 30)
    assert (finding.id, finding.level) == (identifier, level)
    assert "cp-ingress/mine" in finding.evidence


def test_a_good_tls_secret_gives_no_finding():
    secret = {"tls.crt": GOOD.certificate_pem}
    assert preflight.check_tls_secret(secret, "cp-ingress/mine", "10.200.0.50", NOW, 30) == []
