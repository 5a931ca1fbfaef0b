"""Another endpoint in a Bootstrap file: the rest stays, the earlier is kept, nothing refused is written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cp_ingress_core import bootstrap, bootstrap_edit
from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.errors import ConfigError
from tests.unit.bootstrap_files import GOOD

METALK8S = """\
apiVersion: metalk8s.scality.com/v1alpha2
kind: BootstrapConfiguration
networks:
  controlPlane: 10.200.0.0/24   # a CIDR alone
  workloadPlane: 10.100.0.0/16
archives: [/srv/metalk8s.iso]
"""


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        pytest.param(GOOD, Endpoint("external", "10.200.0.11", 8443), id="our own, to external mode"),
        pytest.param(GOOD, Endpoint("metallb", "10.200.0.61", 8443), id="our own, another IP"),
        pytest.param(METALK8S, Endpoint("external", "10.200.0.12", 8443), id="MetalK8s, a CIDR alone"),
    ],
)
def test_the_file_says_the_other_endpoint_and_nothing_else_changes(
    tmp_path: Path, text: str, endpoint: Endpoint
) -> None:
    path = tmp_path / "bootstrap.yaml"
    path.write_text(text)
    path.chmod(0o600)
    kept = bootstrap_edit.write(str(path), endpoint)
    assert Path(kept).read_text() == text
    found = bootstrap.load(str(path))
    assert (found.metallb, found.ip) == (endpoint.mode == "metallb", endpoint.ip)
    before, after = yaml.safe_load(text), yaml.safe_load(path.read_text())
    assert {key: value for key, value in after.items() if key != "networks"} == {
        key: value for key, value in before.items() if key != "networks"
    }
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_endpoint_that_the_file_cannot_have_is_refused_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "bootstrap.yaml"
    path.write_text(GOOD)
    with pytest.raises(ConfigError, match="outside"):
        bootstrap_edit.write(str(path), Endpoint("metallb", "192.0.2.1", 8443))
    assert path.read_text() == GOOD
    assert [entry.name for entry in tmp_path.iterdir()] == ["bootstrap.yaml"]
