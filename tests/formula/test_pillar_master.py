"""The pillar from a real Salt master: nothing that the states read comes back masked.

Salt masks pillar in what it returns to modules; with a master even strings made from it are. So the settings,
the objects and the rendered states are looked at as a minion of that master sees them.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from saltfactories.cli.call import SaltCall
from saltfactories.manager import FactoriesManager

from tests.formula.salt_caller import PROJECT
from tests.unit.bootstrap_files import GOOD, HEADER

pytestmark = pytest.mark.slow

MASK = "**********"

QUIET = {"enable_fqdns_grains": False, "enable_gpu_grains": False, "fileserver_list_cache_time": 0}


@pytest.fixture(scope="session")
def salt_factories_config() -> Iterator[dict[str, Any]]:
    # A short path: Salt's sockets lie below it.
    folder = tempfile.mkdtemp(prefix="sf-")
    yield {"root_dir": folder, "code_dir": str(PROJECT / "tests" / "formula"), "inject_sitecustomize": False}
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def bootstrap_file(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("bootstrap") / "bootstrap.yaml"


@pytest.fixture(scope="module")
def salt_call(salt_factories: FactoriesManager, bootstrap_file: pathlib.Path) -> Iterator[SaltCall]:
    """A master that renders the pillar from the file, and a minion of it."""
    tuning = bootstrap_file.parent / "pillar"
    tuning.mkdir()
    (tuning / "top.sls").write_text("base: {'*': [cp_ingress, tuning]}\n")
    (tuning / "tuning.sls").write_text("cp_ingress: {helm: /opt/helm, charts: {metallb: {values: {a: b}}}}\n")
    master = salt_factories.salt_master_daemon(
        "cp-master",
        overrides={
            **QUIET,
            "interface": "127.0.0.1",
            "auto_accept": True,
            "worker_threads": 3,
            "timeout": 5,
            "gather_job_timeout": 10,
            "file_roots": {"base": [str(PROJECT / "salt")]},
            "pillar_roots": {"base": [str(tuning), str(PROJECT / "pillar")]},
            "module_dirs": [str(PROJECT)],
            "cp_ingress_bootstrap_file": str(bootstrap_file),
        },
    )
    overrides = {**QUIET, "module_dirs": [str(PROJECT)]}
    minion = master.salt_minion_daemon("cp-minion", overrides=overrides)
    bootstrap_file.write_text(GOOD)
    with master.started(), minion.started():
        yield minion.salt_call_cli()


def test_settings_are_not_masked(salt_call: SaltCall, bootstrap_file: pathlib.Path) -> None:
    bootstrap_file.write_text(GOOD)
    settings = data_of(salt_call, "cp_ingress.settings")
    assert settings["errors"] == []
    assert (settings["ip"], settings["helm"]) == ("10.200.0.50", "/opt/helm")
    assert settings["charts"]["metallb"]["values"] == {"a": "b"}
    assert MASK not in json.dumps(settings)


@pytest.mark.parametrize(
    "call",
    [["cp_ingress.namespaces"], ["cp_ingress_endpoint.pool", "narrowed=True"]],
    ids=["namespaces", "pool"],
)
def test_objects_are_not_masked(salt_call: SaltCall, bootstrap_file: pathlib.Path, call: list[str]) -> None:
    bootstrap_file.write_text(GOOD)
    objects = data_of(salt_call, *call)
    assert objects
    assert MASK not in json.dumps(objects)


def test_rendered_states_are_not_masked(salt_call: SaltCall, bootstrap_file: pathlib.Path) -> None:
    bootstrap_file.write_text(GOOD)
    states = data_of(salt_call, "state.show_sls", "cp_ingress")
    assert "cp_ingress-endpoint-service-applied" in states
    assert "/etc/cp-ingress/pki/server.crt" in json.dumps(states)
    assert MASK not in json.dumps(states)


def test_errors_arrive_in_clear(salt_call: SaltCall, bootstrap_file: pathlib.Path) -> None:
    bootstrap_file.write_text(HEADER + "networks: {controlPlane: {cidr: 10.200.0.1/24}}")
    (error,) = data_of(salt_call, "cp_ingress.settings")["errors"]
    assert error.startswith(f"{bootstrap_file}: networks.controlPlane.cidr: found '10.200.0.1/24': ")
    done = salt_call.run("state.apply", "cp_ingress.preflight")
    assert done.returncode != 0
    assert "found '10.200.0.1/24'" in done.stdout


def data_of(salt_call: SaltCall, *arguments: str) -> Any:
    """Call on the minion; fresh pillar comes from the master each time."""
    done = salt_call.run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.data
