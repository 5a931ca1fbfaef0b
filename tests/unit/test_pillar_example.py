"""The example pillar and the table of keys: complete, and accepted as they are."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from cp_ingress_core import settings as settings_module
from cp_ingress_core import tuning, tuning_change, tuning_metallb
from cp_ingress_core.component import reading
from cp_ingress_core.settings import Settings

NAMED = ("charts", "components")
# Mappings whose keys are the user's.
FREE = (":values", ":env", ":set", ":json", ":part")
EXAMPLE = pathlib.Path(__file__).parents[2] / "pillar" / "example.sls"
NETWORKS = {
    "controlPlane": {
        "cidr": ["10.200.0.0/24"],
        "metalLB": {"enabled": True},
        "ingress": {"ip": "10.200.0.50"},
    }
}


def examples() -> list[dict[str, Any]]:
    """Return the example as it is, and its commented alternative."""
    text = EXAMPLE.read_text()
    alternative = text[text.index("# Instead of") :]
    body = [line.removeprefix("# ").removeprefix("#") for line in alternative.splitlines()[2:]]
    return [yaml.safe_load(text)["cp_ingress"], yaml.safe_load("\n".join(body))["cp_ingress"]]


def leaves(data: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield the path of each key that settings read, with NAME for the name of a chart or component."""
    for key, value in data.items():
        inner = f"{path}:NAME" if path in NAMED else f"{path}:{key}".lstrip(":")
        if isinstance(value, Mapping) and not inner.endswith(FREE):
            yield from leaves(value, inner)
        else:
            yield inner


def known() -> set[str]:
    """Return every key there is."""
    sections = {
        "charts:NAME": tuning.CHART_KEYS,
        "certificate": tuning.CERTIFICATE_KEYS,
        "timeouts": tuning.TIMEOUT_KEYS,
        "external": tuning_change.EXTERNAL_KEYS,
        "change": tuning_change.CHANGE_KEYS,
        "verify": tuning_change.VERIFY_KEYS,
        "orchestrate": tuning_change.ORCHESTRATE_KEYS,
        "metallb": tuning_metallb.METALLB_KEYS,
        "apiserver": tuning.APISERVER_KEYS,
    }
    outer = {"components", *(section.partition(":")[0] for section in sections)}
    return {
        *(key for key in tuning.KEYS if key not in outer),
        *(f"{section}:{key}" for section, keys in sections.items() for key in keys),
        *(f"components:NAME:{key}" for key in reading.KEYS if key != "verify"),
        *(f"components:NAME:verify:{key}" for key in reading.VERIFY_KEYS),
    }


@pytest.mark.parametrize("index", [0, 1], ids=["as it is", "the alternative"])
def test_the_example_is_accepted(index: int) -> None:
    Settings.from_pillar({"networks": NETWORKS, "cp_ingress": examples()[index]})


def test_the_example_shows_every_key() -> None:
    assert {path for example in examples() for path in leaves(example)} == known()


def test_the_example_shows_the_defaults() -> None:
    shown = Settings.from_pillar({"networks": NETWORKS, "cp_ingress": examples()[0]})
    default = Settings.from_pillar({"networks": NETWORKS})
    for name in ("kubeconfig", "port", "pki_dir", "timeout_wait", "timeout_verify", "certificate_kind"):
        assert getattr(shown, name) == getattr(default, name)
    for name in ("exposure", "node_addresses", "keep_old_for", "handover_timeout", "remove_crds"):
        assert getattr(shown, name) == getattr(default, name)
    for name in ("certificate_days", "certificate_renew_before_days", "certificate_ca_days"):
        assert getattr(shown, name) == getattr(default, name)


def test_the_table_of_keys_is_complete() -> None:
    rows = [line for line in (settings_module.__doc__ or "").splitlines() if line.startswith("``")]
    assert {row.split("``")[1] for row in rows} == known()
