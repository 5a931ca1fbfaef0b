"""What a cluster's controllers would write, where none runs: objects are ready at once, namespaces end."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from tests.lighttier.apiserver import LightApiserver
from tests.repeating import Repeating

POLL_SECONDS = 0.1
NODES = 1
HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


class Controllers(Repeating):
    """Writes the status that Deployments, DaemonSets and load balancers would get, and webhooks' CA.

    Nothing serves the webhooks here, so each also gets a condition that is never met.
    """

    every = POLL_SECONDS

    def __init__(self, server: LightApiserver) -> None:
        super().__init__()
        self._server = server
        self.problems: list[str] = []

    def act(self) -> None:
        """Look once at everything."""
        try:
            self._look()
        except OSError as err:
            self.problems.append(str(err))

    def _look(self) -> None:
        for path, status in (
            ("/apis/apps/v1/deployments", _deployment),
            ("/apis/apps/v1/daemonsets", _daemon_set),
            ("/api/v1/services", _service),
        ):
            for item in self._items(path):
                wanted = status(item)
                if wanted is not None and item.get("status") != wanted:
                    prefix, _, plural = path.rpartition("/")
                    metadata = item["metadata"]
                    own = f"{prefix}/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}/status"
                    self._patch(own, {"status": wanted}, "application/merge-patch+json")
        for item in self._items("/api/v1/namespaces"):
            if item["metadata"].get("deletionTimestamp"):
                self._finalize(item)
        for item in self._items(HOOKS):
            changes = self._hook_changes(item)
            if changes:
                self._patch(f"{HOOKS}/{item['metadata']['name']}", changes, "application/json-patch+json")

    def _finalize(self, namespace: dict[str, Any]) -> None:
        """End a namespace's deletion; what tests leave in it is theirs to have deleted before."""
        path = f"/api/v1/namespaces/{namespace['metadata']['name']}/finalize"
        status, answer = self._server.request("PUT", path, {**namespace, "spec": {"finalizers": []}})
        if status not in (200, 404, 409):
            self.problems.append(f"{path}: {answer}")

    def _items(self, path: str) -> list[dict[str, Any]]:
        status, answer = self._server.request("GET", path)
        return list(answer["items"]) if status == 200 else []

    def _patch(self, path: str, body: Any, content_type: str) -> None:
        status, answer = self._server.request("PATCH", path, body, **{"Content-Type": content_type})
        # What is gone or was changed meanwhile is looked at again.
        if status not in (200, 404, 409):
            self.problems.append(f"{path}: {answer}")

    def _hook_changes(self, item: Mapping[str, Any]) -> list[dict[str, Any]]:
        bundle = base64.b64encode(self._server.ca.read_bytes()).decode()
        changes = []
        for number, hook in enumerate(item.get("webhooks") or []):
            if hook["clientConfig"].get("caBundle") != bundle:
                path = f"/webhooks/{number}"
                never = [{"name": "never", "expression": "false"}]
                changes += [
                    {"op": "add", "path": f"{path}/clientConfig/caBundle", "value": bundle},
                    {"op": "add", "path": f"{path}/matchConditions", "value": never},
                ]
        return changes


def _deployment(item: Mapping[str, Any]) -> dict[str, Any]:
    count = item["spec"]["replicas"]
    stamps = {"lastUpdateTime": _made(item), "lastTransitionTime": _made(item), "message": ""}
    conditions = {"Available": "MinimumReplicasAvailable", "Progressing": "NewReplicaSetAvailable"}
    return {
        "observedGeneration": item["metadata"]["generation"],
        **dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), count),
        "conditions": [
            {"type": kind, "status": "True", "reason": reason, **stamps}
            for kind, reason in conditions.items()
        ],
    }


def _daemon_set(item: Mapping[str, Any]) -> dict[str, Any]:
    counts = (
        "currentNumberScheduled",
        "desiredNumberScheduled",
        "numberAvailable",
        "numberReady",
        "updatedNumberScheduled",
    )
    return {
        "observedGeneration": item["metadata"]["generation"],
        "numberMisscheduled": 0,
        **dict.fromkeys(counts, NODES),
    }


def _service(item: Mapping[str, Any]) -> dict[str, Any] | None:
    if item["spec"].get("type") != "LoadBalancer" or item["spec"].get("loadBalancerClass"):
        return None
    address = (item["metadata"].get("annotations") or {}).get("metallb.io/loadBalancerIPs", "192.0.2.2")
    return {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}


def _made(item: Mapping[str, Any]) -> str:
    return str(item["metadata"]["creationTimestamp"])
