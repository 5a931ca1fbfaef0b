"""What an operator sees of a run of salt-call: changes that read well, and never a Secret's value, at any log
level.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import Manifest, config_map, deployment, secret
from tests.formula.salt_caller import minion_config

CANARY = "canary-81d3-value"
FORMS = (CANARY, base64.b64encode(CANARY.encode()).decode(), base64.b64encode(CANARY.encode()).decode()[:16])
ROTATED = f"{CANARY}-rotated"


@dataclass
class SaltCall:
    """A masterless minion whose one state applies the file `objects`, or takes its set away."""

    folder: Path
    objects: Path
    log: Path

    def run(self, sls: str, manifests: list[Manifest], level: str = "quiet", *, test: bool = False) -> str:
        """Write the objects, run ``state.apply`` of an SLS file and return all that was printed."""
        self.objects.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
        program = str(Path(sys.executable).with_name("salt-call"))
        where = ["--local", f"--config-dir={self.folder}", "--no-color"]
        done = subprocess.run(
            [program, *where, f"--log-level={level}", "state.apply", sls, f"test={test}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        return done.stdout


@pytest.fixture
def salt_call(kit: Kit, tmp_path: Path) -> SaltCall:
    objects, root = tmp_path / "objects.json", tmp_path / "root"
    common: list[dict[str, Any]] = [
        {"applyset": "set"},
        {"applyset_namespace": kit.namespace},
        {"kubeconfig": str(kit.server.kubeconfig)},
    ]
    applied = [{"objects": str(objects)}, {"wait": False}, *common]
    tops = {
        "applied": {"our objects": {"kube_objects.applied": applied}},
        "absent": {"our objects": {"kube_objects.absent": common}},
    }
    states, pillar = tmp_path / "states", tmp_path / "pillar"
    for folder in (states, pillar):
        folder.mkdir()
    for name, content in tops.items():
        (states / f"{name}.sls").write_text(yaml.safe_dump(content))
    config = minion_config(root, tmp_path / "none.yaml", pillar, states)
    config |= {"pillar_roots": {"base": [str(pillar)]}, "log_level_logfile": "all"}
    (tmp_path / "minion").write_text(yaml.safe_dump(config | {"conf_file": str(tmp_path / "minion")}))
    return SaltCall(tmp_path, objects, root / "minion.log")


def test_changes_read_well(kit: Kit, salt_call: SaltCall) -> None:
    before = [
        config_map("settings", kit.namespace, mode="slow", gone="yes", text="x" * 300),
        deployment("web", kit.namespace, image="web:1"),
    ]
    after = [
        config_map("settings", kit.namespace, mode="fast", text="x" * 300 + "y"),
        deployment("web", kit.namespace, image="web:2"),
    ]
    salt_call.run("applied", before)

    shown = [line.strip() for line in salt_call.run("applied", after).splitlines()]

    def values(path: str) -> list[str]:
        """The new and the old value below a path."""
        below = shown[shown.index(f"{path}:") + 1 :]
        return [line for line in below if line not in {"----------", "new:", "old:"}][:2]

    assert "Comment: 2 changed, 0 unchanged." in shown
    assert f"v1/ConfigMap {kit.namespace}/settings:" in shown
    assert values("data.mode") == ["fast", "slow"]
    assert values("data.gone") == ["None", "yes"]
    assert values("spec.template.spec.containers[main].image") == ["web:2", "web:1"]
    assert max(map(len, shown)) < 200, "a long value is cut"


def test_no_value_of_a_secret_at_any_log_level(kit: Kit, salt_call: SaltCall) -> None:
    held = secret("held", kit.namespace, password=CANARY)
    rotated = secret("held", kit.namespace, password=ROTATED, other=CANARY)
    frozen = {**secret("frozen", kit.namespace, password=CANARY), "immutable": True}
    thawed = {**secret("frozen", kit.namespace, password=ROTATED), "immutable": True}
    broken = {**secret("broken", kit.namespace), "data": {"password": f"{CANARY}!"}}

    runs = {
        "1 created": lambda: salt_call.run("applied", [held], "all", test=True),
        "2 created": lambda: salt_call.run("applied", [held, frozen], "all"),
        "*** (after)": lambda: salt_call.run("applied", [rotated, frozen], "all", test=True),
        "1 changed": lambda: salt_call.run("applied", [rotated, frozen], "all"),
        "recreate: [Secret]": lambda: salt_call.run("applied", [rotated, thawed], "all"),
        "broken": lambda: salt_call.run("applied", [rotated, broken], "all"),
        "belong to other managers": lambda: _conflicting(kit, salt_call, held),
        "3 deleted": lambda: salt_call.run("absent", [], "all"),
    }
    said = {words: run() for words, run in runs.items()}

    assert [words for words, output in said.items() if words not in output] == []
    everything = "\n".join([*said.values(), salt_call.log.read_text(errors="replace")])
    assert "[TRACE" in everything
    assert [form for form in FORMS if form in everything] == []


def _conflicting(kit: Kit, salt_call: SaltCall, manifest: Manifest) -> str:
    """Another manager takes the field; ours wants it back."""
    theirs = {"data": {"password": base64.b64encode(b"theirs").decode()}}
    kit.merge_patch(f"/api/v1/namespaces/{kit.namespace}/secrets/held", theirs)
    return salt_call.run("applied", [manifest], "all")
