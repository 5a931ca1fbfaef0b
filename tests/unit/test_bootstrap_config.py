"""The face bootstrap_config: it never raises where pillar is made, whatever the file and the machine say.

What Salt injects is set by hand here, so that any machine can be played; through Salt itself it is called in
tests/formula/test_pillar.py.
"""

from __future__ import annotations

import pathlib
from typing import Any

import bootstrap_config
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cp_ingress_core.bootstrap import PATH_OPTION
from cp_ingress_core.settings import Settings
from tests.unit.bootstrap_files import GOOD, HEADER

EXTERNAL = HEADER + "networks: {controlPlane: {cidr: 10.200.0.0/24}}"


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The machine's IPv4 addresses, to be filled by the test."""
    found: list[Any] = []
    functions = {"network.ip_addrs": lambda: list(found), "network.ip_addrs6": lambda: ["fe80::1"]}
    monkeypatch.setattr(bootstrap_config, "__salt__", functions, raising=False)
    monkeypatch.setattr(
        bootstrap_config, "__opts__", {PATH_OPTION: "/nonexistent/bootstrap.yaml"}, raising=False
    )
    monkeypatch.setattr(bootstrap_config, "__context__", {}, raising=False)
    return found


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "bootstrap.yaml"


def test_the_default_ip_is_filled_in(addresses: list[Any], file: pathlib.Path) -> None:
    file.write_text(EXTERNAL)
    addresses += ["192.0.2.9", "10.200.0.11"]
    pillar = bootstrap_config.pillar(str(file))
    assert pillar["networks"]["controlPlane"]["ingress"] == {"ip": "10.200.0.11"}
    assert Settings.from_pillar(pillar).mode == "external"


def test_read_shows_the_file_alone(addresses: list[Any], file: pathlib.Path) -> None:
    file.write_text(EXTERNAL)
    addresses += ["10.200.0.11"]
    assert bootstrap_config.read(str(file))["networks"]["controlPlane"]["ingress"] == {}


def test_several_addresses_are_named(addresses: list[Any], file: pathlib.Path) -> None:
    file.write_text(EXTERNAL)
    addresses += ["10.200.0.12", "10.200.0.11"]
    (error,) = bootstrap_config.check(str(file))["errors"]
    assert "this machine has 10.200.0.11, 10.200.0.12" in error
    assert bootstrap_config.__context__["retcode"] == 1


def test_the_configured_file_is_read(
    addresses: list[Any], file: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(GOOD)
    monkeypatch.setitem(bootstrap_config.__opts__, PATH_OPTION, str(file))
    assert bootstrap_config.read()["path"] == str(file)
    assert bootstrap_config.check() == {"errors": [], "notes": []}
    assert "retcode" not in bootstrap_config.__context__


def test_a_machine_that_fails_is_an_error_as_well(
    addresses: list[Any], file: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> list[str]:
        raise OSError(5, "Input/output error")

    file.write_text(EXTERNAL)
    monkeypatch.setitem(bootstrap_config.__salt__, "network.ip_addrs", broken)
    (error,) = bootstrap_config.pillar(str(file))["cp_ingress"]["errors"]
    assert error == "bootstrap_config.pillar: OSError: [Errno 5] Input/output error"


PATHS = st.one_of(
    st.none(), st.text(max_size=20), st.integers(), st.sampled_from(["/", "/dev/zero", "/dev/null"])
)


@given(path=PATHS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_path_makes_pillar_raise(addresses: list[Any], path: Any) -> None:
    pillar = bootstrap_config.pillar(path)
    assert pillar["cp_ingress"]["errors"]
    assert "networks" not in pillar


@given(
    content=st.one_of(st.binary(max_size=60), st.just(EXTERNAL.encode())),
    own=st.lists(st.ip_addresses().map(str)),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_file_and_no_machine_makes_pillar_raise(
    addresses: list[Any], file: pathlib.Path, content: bytes, own: list[str]
) -> None:
    file.write_bytes(content)
    addresses[:] = own
    pillar = bootstrap_config.pillar(str(file))
    assert bool(pillar["cp_ingress"]["errors"]) == ("networks" not in pillar)
