"""The Bootstrap file as pillar, through Salt itself without a master.

Covered: good and bad files, the default IP of external mode, modules that are not there, exit codes. Not
covered here: each refusal (tests/unit/test_bootstrap.py), pillar from a master (test_pillar_master.py).
"""

from __future__ import annotations

import ipaddress
import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.formula.salt_caller import Masterless, masterless, minion_config
from tests.unit.bootstrap_files import GOOD, HEADER

NO_ERRORS = {"errors": [], "notes": []}


@pytest.fixture
def minion(tmp_path: pathlib.Path) -> Masterless:
    return masterless(tmp_path)


def salt_call(
    minion: Masterless, *arguments: str, without: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the command line itself, on the minion's configuration less some options."""
    config = minion_config(minion.root, minion.bootstrap_file, minion.pillar_root)
    for option in without:
        del config[option]
    (minion.root / "minion").write_text(yaml.safe_dump(config))
    program = pathlib.Path(sys.executable).with_name("salt-call")
    return subprocess.run(
        [program, "--local", "-c", minion.root, "--out=json", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def pillar_of(minion: Masterless, **options: tuple[str, ...]) -> dict[str, Any]:
    """Return the pillar as Salt renders it."""
    done = salt_call(minion, "pillar.items", "unmask=True", **options)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout)["local"])


def test_a_good_file_and_tuning_become_pillar(minion: Masterless) -> None:
    minion.write(GOOD, {"port": 443, "notes": ["mine"]})
    pillar = pillar_of(minion)
    read, settings = minion.call(["bootstrap_config.read"], ["cp_ingress.settings"])
    networks = {
        "controlPlane": {
            "cidr": ["10.200.0.0/24"],
            "metalLB": {"enabled": True},
            "ingress": {"ip": "10.200.0.50"},
        }
    }
    assert pillar["networks"] == networks
    assert pillar["cp_ingress"]["errors"] == []
    assert pillar["cp_ingress"]["port"] == 443
    assert read == {"path": str(minion.bootstrap_file), "networks": networks, "notes": []}
    assert settings["errors"] == []
    assert settings["url"] == "https://10.200.0.50:443"


def test_a_bad_file_travels_as_data(minion: Masterless) -> None:
    minion.write(
        HEADER + "networks: {controlPlane: {cidr: 10.200.0.0/24, metalLB: {enabled: true}, ingres: {}}}"
    )
    pillar = pillar_of(minion)
    (settings,) = minion.call(["cp_ingress.settings"])
    assert "networks" not in pillar
    first, second = pillar["cp_ingress"]["errors"]
    base = f"{minion.bootstrap_file}: networks.controlPlane"
    assert first.startswith(f"{base}.ingres: found an empty mapping: there is no such key")
    assert second.startswith(f"{base}.ingress.ip: found nothing: MetalLB needs to know")
    assert settings == {"errors": [first, second]}


def test_a_missing_file_travels_as_data(minion: Masterless) -> None:
    minion.write(GOOD)
    minion.bootstrap_file.unlink()
    pillar = pillar_of(minion)
    (error,) = pillar["cp_ingress"]["errors"]
    assert error.startswith(
        f"{minion.bootstrap_file}: it cannot be read: No such file or directory. Allowed: "
    )


def test_this_machines_address_is_the_default_in_external_mode(minion: Masterless) -> None:
    own = ipaddress.ip_address(minion.call(["network.ip_addrs"])[0][0])
    minion.write(f"{HEADER}networks: {{controlPlane: {{cidr: {own}/32}}}}")
    pillar = pillar_of(minion)
    assert pillar["cp_ingress"] == NO_ERRORS
    assert pillar["networks"]["controlPlane"]["ingress"] == {"ip": str(own)}


def test_no_default_where_this_machine_is_elsewhere(minion: Masterless) -> None:
    minion.write(f"{HEADER}networks: {{controlPlane: {{cidr: 203.0.113.0/24}}}}")
    pillar = pillar_of(minion)
    (error,) = pillar["cp_ingress"]["errors"]
    assert "this machine's only address inside 203.0.113.0/24, and this machine has none" in error


def test_modules_that_are_not_there_are_named(minion: Masterless) -> None:
    minion.write(GOOD)
    (error,) = pillar_of(minion, without=("module_dirs",))["cp_ingress"]["errors"]
    assert error.startswith("bootstrap_config.pillar: there is no such function. ")
    assert "saltutil.sync_all" in error
    assert "module_dirs" in error


def test_check_speaks_through_its_exit_code(minion: Masterless, tmp_path: pathlib.Path) -> None:
    minion.write(GOOD)
    good = salt_call(minion, "bootstrap_config.check")
    assert (good.returncode, json.loads(good.stdout)["local"]) == (0, NO_ERRORS)
    bad = salt_call(minion, "bootstrap_config.check", str(tmp_path))
    assert bad.returncode == 1
    assert json.loads(bad.stdout)["local"]["errors"][0].startswith(f"{tmp_path}: this is a directory")


def test_read_prints_its_errors_without_a_traceback(minion: Masterless, tmp_path: pathlib.Path) -> None:
    minion.write(GOOD)
    done = salt_call(minion, "bootstrap_config.read", str(tmp_path))
    assert done.returncode != 0
    assert f"{tmp_path}: this is a directory" in done.stderr
    assert "Traceback" not in done.stderr
