"""The timings that MetalLB's speakers are given."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cp_ingress_core.failover import FAST, memberlist_config, timings_id
from cp_ingress_core.settings import Settings

# What MetalLB 0.16 reads; it refuses to start when one is missing.
FIELDS = {
    "TCPTimeout": "duration",
    "IndirectChecks": int,
    "RetransmitMult": int,
    "SuspicionMult": int,
    "SuspicionMaxTimeoutMult": int,
    "PushPullInterval": "duration",
    "ProbeTimeout": "duration",
    "ProbeInterval": "duration",
    "DisableTcpPings": bool,
    "AwarenessMaxMultiplier": int,
    "GossipNodes": int,
    "GossipInterval": "duration",
    "GossipToTheDeadTime": "duration",
    "GossipVerifyIncoming": bool,
    "GossipVerifyOutgoing": bool,
    "EnableCompression": bool,
    "HandoffQueueDepth": int,
    "UDPBufferSize": int,
    "QueueCheckInterval": "duration",
}


def settings(failover: str | None = None) -> Settings:
    control_plane: dict[str, Any] = {
        "cidr": "10.200.0.0/24",
        "metalLB": {"enabled": True},
        "ingress": {"ip": "10.200.0.50"},
    }
    tuned = {"metallb": {"failover": failover}} if failover else {}
    return Settings.from_pillar({"networks": {"controlPlane": control_plane}, "cp_ingress": tuned})


def milliseconds(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(ms|s)", text).groups()  # type: ignore[union-attr]
    return int(number) * (1000 if unit == "s" else 1)


def test_the_file_has_every_field_in_the_form_that_metallb_reads() -> None:
    (config_map,) = memberlist_config(settings())
    assert (config_map["kind"], config_map["metadata"]["name"], config_map["metadata"]["namespace"]) == (
        "ConfigMap",
        "metallb-memberlist-config",
        "metallb-system",
    )
    read = json.loads(config_map["data"]["config.json"])
    assert set(read) == set(FIELDS)
    for name, kind in FIELDS.items():
        if kind == "duration":
            assert milliseconds(read[name]) > 0
        else:
            assert type(read[name]) is kind, name


def test_a_lost_node_is_found_in_less_than_three_seconds_but_a_late_one_gets_a_second_to_answer() -> None:
    interval, patience = milliseconds(FAST["ProbeInterval"]), FAST["SuspicionMult"]
    assert milliseconds(FAST["ProbeTimeout"]) < interval
    assert interval * patience >= 1000
    assert interval * (3 + 1 + patience) < 3000


def test_of_three_speakers_two_must_suspect_a_node() -> None:
    # memberlist asks for SuspicionMult - 2 confirmations where so many others are left.
    assert FAST["SuspicionMult"] - 2 == 1
    assert FAST["SuspicionMaxTimeoutMult"] >= 4


def test_default_leaves_the_timings_to_metallb() -> None:
    assert memberlist_config(settings("default")) == []
    assert memberlist_config(settings("fast")) == memberlist_config(settings())


def test_other_timings_make_the_speakers_restart() -> None:
    assert timings_id(settings("default")) == "default"
    assert timings_id(settings()) == timings_id(settings("fast")) != "default"


@pytest.mark.parametrize("wrong", ["slow", 3, ["fast"]])
def test_another_word_is_refused(wrong: Any) -> None:
    with pytest.raises(Exception, match=r"cp_ingress:metallb:failover: found .*Allowed: fast or default"):
        settings(wrong)
