"""An apiserver that is no static pod (k3s, RKE2): only its structured file is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.apiserver.issuer.conftest import Issuer
from tests.apiserver.issuer.kit import Ingress, Node


@pytest.fixture
def elsewhere(node: Node, tmp_path: Path) -> dict[str, Any]:
    return {"manage_manifest": False, "config_dir": str(tmp_path), "server": node.apiserver.url, "timeout": 2}


def test_the_file_is_kept_for_the_start_that_reads_it(
    node: Node, old: Ingress, issuer: Issuer, elsewhere: dict[str, Any], testmode: bool
) -> None:
    before = node.manifest.read_text()
    file = Path(elsewhere["config_dir"], "authentication.yaml")
    result = issuer(old.issuer, test=testmode, **elsewhere)
    assert result["result"] is (None if testmode else False), result
    assert testmode or "was not started with --authentication-config" in result["comment"]
    assert file.exists() != testmode
    assert node.manifest.read_text() == before


def test_after_that_start_it_is_accepted_and_reloaded_without_another(
    node: Node, old: Ingress, issuer: Issuer, elsewhere: dict[str, Any], token: str
) -> None:
    issuer(old.issuer, **elsewhere)
    folder = elsewhere["config_dir"]
    node.reset(f"--authentication-config={folder}/authentication.yaml")
    starts = node.kubelet.starts
    elsewhere["timeout"] = 60
    unchanged = issuer(old.issuer, **elsewhere)
    assert (unchanged["result"], unchanged["changes"]) == (True, {}), unchanged
    assert node.whoami(token) == (201, "oidc:admin@example.test")
    changed = issuer(old.issuer, username_prefix="k3s:", **elsewhere)
    assert changed["result"] is True, changed
    assert node.whoami(token) == (201, "k3s:admin@example.test")
    assert node.kubelet.starts == starts
    (entry,) = yaml.safe_load(Path(folder, "authentication.yaml").read_text())["jwt"]
    assert entry["issuer"]["url"] == old.issuer


def test_flags_without_a_manifest_are_refused(
    old: Ingress, issuer: Issuer, elsewhere: dict[str, Any]
) -> None:
    result = issuer(old.issuer, method="flags", **elsewhere)
    assert result["result"] is False
    assert "manage_manifest: false" in result["comment"]
