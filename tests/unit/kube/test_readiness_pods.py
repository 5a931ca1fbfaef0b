"""Readiness of pods, and what a pod says about why it does not run."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.kube.readiness import State
from tests.unit.kube.subjects import FAILED, PROGRESSING, READY, check, conditions, obj


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"name": "web", "ready": False, "state": {"waiting": {"reason": reason, "message": message}}}


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        pytest.param(
            {"phase": "Pending", "conditions": conditions(PodScheduled="False Unschedulable no node fits")},
            PROGRESSING,
            "Unschedulable: no node fits",
            id="unschedulable",
        ),
        pytest.param(
            {"phase": "Pending", "containerStatuses": [waiting("ImagePullBackOff", "no such image")]},
            PROGRESSING,
            "container web: ImagePullBackOff: no such image",
            id="image cannot be pulled",
        ),
        pytest.param(
            {"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]},
            PROGRESSING,
            "phase Pending",
            id="starting as usual",
        ),
        pytest.param(
            {
                "phase": "Running",
                "containerStatuses": [
                    waiting("CrashLoopBackOff", "back-off")
                    | {
                        "lastState": {
                            "terminated": {"exitCode": 2, "reason": "Error", "message": "no config"}
                        }
                    }
                ],
            },
            FAILED,
            "CrashLoopBackOff: back-off (last exit code 2, Error: no config)",
            id="crash loop",
        ),
        pytest.param(
            {
                "phase": "Running",
                "containerStatuses": [{"name": "web", "ready": False, "state": {"running": {}}}],
            },
            PROGRESSING,
            "running but not ready: web",
            id="probe fails",
        ),
        pytest.param(
            {"phase": "Failed", "reason": "Evicted", "message": "low"}, FAILED, "Evicted: low", id="evicted"
        ),
        pytest.param(
            {
                "phase": "Failed",
                "containerStatuses": [
                    {"name": "web", "state": {"terminated": {"exitCode": 3, "reason": "Error"}}}
                ],
            },
            FAILED,
            "container web: exit code 3, Error",
            id="failed",
        ),
        pytest.param({"phase": "Succeeded"}, READY, "succeeded", id="succeeded"),
        pytest.param({"phase": "Running", "conditions": conditions(Ready="True")}, READY, "", id="ready"),
    ],
)
def test_a_pod(status: dict[str, Any], state: State, words: str) -> None:
    check(obj("Pod", status=status), state, words)
