"""What agrees, what doesn't, and in which words."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest

from cp_ingress_core import certificates
from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.kube.apiservers import Apiserver
from cp_ingress_core.preflight.wire import Wire
from cp_ingress_core.record import Record
from cp_ingress_core.settings import Settings
from cp_ingress_core.status.facts import Facts, Issuer
from cp_ingress_core.status.judge import disagreements
from cp_ingress_core.status.show import show
from tests.unit.pki import NOW, make_ca, make_server

IP = "10.200.0.50"
CA = make_ca()


def settings(mode: str = "metallb", **section: Any) -> Settings:
    control_plane = {
        "cidr": ["10.200.0.0/24"],
        "metalLB": {"enabled": mode == "metallb"},
        "ingress": {"ip": IP},
    }
    return Settings.from_pillar({"networks": {"controlPlane": control_plane}, "cp_ingress": section})


WITH_OIDC = settings(apiserver={"client_id": "k8s"})
HERE = WITH_OIDC.endpoint
ISSUER = HERE.issuer
THERE = Endpoint("external", "10.200.0.60", 8443)
SERVICE = {"name": "cp-metallb-10-200-0-50", "type": "LoadBalancer", "addresses": [IP]}
NGINX = {"kind": "Deployment", "name": "ingress-nginx-controller", "ready": 2, "wanted": 2}
GOOD = Facts(
    file=str(HERE),
    record=Record(current=HERE, issuers={"a": (ISSUER,), "b": (ISSUER,)}),
    services=[SERVICE],
    pool=[f"{IP}/32"],
    announced_by=["a"],
    workload=[NGINX],
    masters={"a": ["10.200.0.11"], "b": ["10.200.0.12"]},
    apiservers=(Apiserver("10.200.0.11", version="v1.36.3"), Apiserver("10.200.0.12", version="v1.36.3")),
    certificate=certificates.parse(make_server(CA, [IP]).certificate_pem),
    answer=404,
    issuer=Issuer(ISSUER),
    wire=Wire(("02:00:00:00:00:01",)),
)
RECORD = GOOD.record
assert RECORD is not None


def test_when_all_is_well_everything_agrees() -> None:
    assert disagreements(WITH_OIDC, GOOD, NOW) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        pytest.param(
            {"file": str(THERE)},
            "the Bootstrap file says https://10.200.0.60:8443 (external)",
            id="stale pillar",
        ),
        pytest.param({"file": "refused"}, "says refused", id="a file that is refused"),
        pytest.param(
            {"record": replace(RECORD, phase="widened", target=THERE)},
            f"a change to {THERE} is under way (phase widened)",
            id="a change that was broken off",
        ),
        pytest.param(
            {"record": replace(RECORD, current=THERE)},
            f"the record says {THERE}",
            id="not applied yet",
        ),
        pytest.param({"services": []}, "there is no Service cp-metallb-10-200-0-50", id="no Service"),
        pytest.param(
            {"services": [{**SERVICE, "addresses": []}]}, f"has no address {IP}", id="MetalLB gave no address"
        ),
        pytest.param(
            {"services": [SERVICE, {**SERVICE, "name": "cp-external-10-200-0-60"}]},
            "Service cp-external-10-200-0-60 of another endpoint",
            id="a stale Service",
        ),
        pytest.param({"pool": ["10.200.0.60/32"]}, f"lacks {IP}/32", id="another pool"),
        pytest.param({"announced_by": []}, "no node announces", id="nobody announces"),
        pytest.param(
            {"announced_by": ["a", "b"]},
            f"two holders: a and b announce {IP}",
            id="a split, as speakers see it",
        ),
        pytest.param(
            {"wire": Wire(("02:00:00:00:00:01", "02:00:00:00:00:02"))},
            "two holders: 02:00:00:00:00:01 and 02:00:00:00:00:02 answer",
            id="a split, as the network sees it",
        ),
        pytest.param(
            {"wire": Wire(("02:00:00:00:00:01",), local=True)},
            "two holders: this machine and 02",
            id="keepalived left it on this machine too",
        ),
        pytest.param({"workload": []}, "NGINX is not there", id="no NGINX"),
        pytest.param({"workload": [{**NGINX, "ready": 1}]}, "has 1 of 2 pods ready", id="a pod is missing"),
        pytest.param(
            {"workload": [{**NGINX, "ready": 0, "wanted": 0}]}, "has 0 of 0 pods", id="scaled to nothing"
        ),
        pytest.param(
            {"workload": [NGINX, {**NGINX, "kind": "DaemonSet"}]}, "both modes' forms", id="both workloads"
        ),
        pytest.param(
            {"certificate": certificates.parse(make_server(CA, ["10.9.9.9"]).certificate_pem)},
            "the certificate: its subject alternative names",
            id="a certificate of another IP",
        ),
        pytest.param({"answer": "timed out"}, "does not answer: timed out", id="no answer"),
        pytest.param(
            {"issuer": Issuer("https://10.200.0.60:8443/oidc")},
            "Dex calls itself https://10.200.0.60:8443/oidc",
            id="Dex has not followed",
        ),
        pytest.param({"issuer": Issuer(problem="status 503")}, "status 503", id="Dex is down"),
        pytest.param(
            {"apiservers": (Apiserver("10.200.0.11", version="v1.36.3"),)},
            "the apiserver of b is not among",
            id="an apiserver has left",
        ),
        pytest.param(
            {"apiservers": (GOOD.apiservers[0], Apiserver("10.200.0.12", problem="timed out"))},
            "the apiserver of b does not answer: timed out",
            id="an apiserver hangs",
        ),
        pytest.param(
            {"record": replace(RECORD, issuers={"a": (ISSUER,), "b": ("https://x/oidc",)})},
            f"the apiserver of b accepts https://x/oidc, not {ISSUER}",
            id="an apiserver has not followed",
        ),
        pytest.param(
            {"record": replace(RECORD, issuers={"a": (ISSUER,)})},
            "b accepts none that is recorded",
            id="a master that has never been done",
        ),
        pytest.param({"unread": ("list of v1/Node: forbidden",)}, "could not be read: list", id="no right"),
    ],
)
def test_what_does_not_agree_is_said(changed: dict[str, Any], words: str) -> None:
    (found,) = disagreements(WITH_OIDC, replace(GOOD, **changed), NOW)
    assert words in found


def test_an_expired_certificate_is_said() -> None:
    (found,) = disagreements(WITH_OIDC, GOOD, NOW + datetime.timedelta(days=30))
    assert "expired" in found


def test_without_the_api_nothing_is_claimed_about_the_cluster() -> None:
    facts = Facts(file=GOOD.file, cluster_read=False, answer=404, unread=("refused",))
    assert disagreements(settings(), facts, NOW) == ["could not be read: refused"]


def test_what_is_not_used_is_not_missed() -> None:
    """External mode without Dex and with apiservers that are left alone, before there was a record."""
    name = "cp-external-10-200-0-50"
    facts = replace(
        GOOD,
        file="",
        record=None,
        services=[{"name": name, "type": "ClusterIP", "addresses": [IP]}],
        pool=[],
        announced_by=[],
        issuer=None,
        wire=None,
        certificate=None,
    )
    assert disagreements(settings("external"), facts, NOW) == []


def test_it_is_shown_side_by_side() -> None:
    shown = show(WITH_OIDC, GOOD, NOW)
    assert shown["agrees"] is True
    assert shown["endpoint"]["pillar"] == shown["endpoint"]["bootstrap file"] == str(HERE)
    assert shown["endpoint"]["record"]["current"] == str(HERE)
    assert shown["apiservers"]["b"] == {"answers": "v1.36.3", "issuers": [ISSUER]}
    assert shown["dex"] == ISSUER
    assert shown["answering"] == ["02:00:00:00:00:01"]


def test_nothing_at_all_can_be_shown() -> None:
    shown = show(WITH_OIDC, Facts(cluster_read=False, answer="refused"), NOW)
    assert shown["agrees"] is False
    assert shown["endpoint"]["record"] == shown["endpoint"]["bootstrap file"] == "not there"
