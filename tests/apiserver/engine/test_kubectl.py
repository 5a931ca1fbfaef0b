"""Sharing the ApplySet format with the real kubectl: each refuses the other's sets until one is handed
over.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from cp_ingress_core.errors import ApplySetError
from cp_ingress_core.kube.applyset import OUR_TOOLING, Parent
from cp_ingress_core.kube.remove import hand_over
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import config_map
from tests.sandbox.build import bin_dir


def _kubectl_apply(kit: Kit, *objects: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    content = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    options = ["--server-side", "--force-conflicts", "--prune", "--applyset=secret/set", "-f", "-"]
    return subprocess.run(
        [
            str(bin_dir("kube-light") / "kubectl"),
            f"--kubeconfig={kit.server.kubeconfig}",
            f"--namespace={kit.namespace}",
            "apply",
            *options,
        ],
        input=json.dumps(content),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "KUBECTL_APPLYSET": "true", "HOME": str(kit.server.folder)},
    )


def test_kubectl_refuses_our_set(kit: Kit) -> None:
    kit.apply([config_map("one", kit.namespace)])
    mark = kit.server.mark()

    answer = _kubectl_apply(kit, config_map("two", kit.namespace))

    assert answer.returncode != 0
    assert "salt-cp-ingress" in answer.stderr
    assert [event for event in kit.server.since(mark, "kubectl") if event.is_write] == []


def test_we_refuse_kubectls_set(kit: Kit) -> None:
    assert _kubectl_apply(kit, config_map("one", kit.namespace)).returncode == 0

    with pytest.raises(ApplySetError, match=r"belongs to 'kubectl/v.*', not to 'salt-cp-ingress'"):
        kit.apply([config_map("two", kit.namespace)])

    assert kit.writes() == []


def test_handed_over_to_kubectl_which_prunes_it(kit: Kit) -> None:
    kit.apply([config_map("one", kit.namespace), config_map("two", kit.namespace)])

    hand_over(kit.cluster, Parent("set", kit.namespace, "kubectl/v1.36.3"), test=False)
    answer = _kubectl_apply(kit, config_map("two", kit.namespace))

    assert answer.returncode == 0, answer.stderr
    assert kit.names() == ["two"]


def test_taken_over_from_kubectl_and_pruned(kit: Kit) -> None:
    assert (
        _kubectl_apply(kit, config_map("one", kit.namespace), config_map("two", kit.namespace)).returncode
        == 0
    )

    report = hand_over(kit.cluster, kit.parent, test=False)
    (change,) = report["changes"].values()
    assert change["diff"]["tooling"]["new"] == OUR_TOOLING
    kit.apply([config_map("two", kit.namespace)], takeover=frozenset({"kubectl"}))

    assert kit.names() == ["two"]
    assert (kit.apply([config_map("two", kit.namespace)])["changes"], kit.writes()) == ({}, [])


def test_handover_in_test_mode_writes_nothing(kit: Kit) -> None:
    kit.apply([config_map("one", kit.namespace)])
    kit.mark = kit.server.mark()

    report = hand_over(kit.cluster, Parent("set", kit.namespace, "kubectl/v1.36.3"), test=True)

    assert [change["action"] for change in report["changes"].values()] == ["changed"]
    assert kit.writes() == []


def test_handover_of_nothing(kit: Kit) -> None:
    with pytest.raises(ApplySetError, match="there is no such Secret"):
        hand_over(kit.cluster, kit.parent, test=False)
