"""The waits on a real API server: what it lists, how long deletion takes, and what is explained at the end.

No controller runs here, so the tests write the statuses that controllers and kubelets would.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.errors import WaitFailed, WaitTimeout
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.explain import Explainer
from cp_ingress_core.kube.readiness import State
from cp_ingress_core.kube.wait import Target, wait_gone, wait_ready
from tests.lighttier import LightApiserver


class Api:
    """Short ways to write to one namespace of the API server."""

    def __init__(self, server: LightApiserver, namespace: str) -> None:
        self.server, self.namespace = server, namespace
        self.core = f"/api/v1/namespaces/{namespace}"
        self.apps = f"/apis/apps/v1/namespaces/{namespace}"

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        status, answer = self.server.request(method, path, body)
        assert status < 300, answer
        assert isinstance(answer, dict)
        return answer

    def create(self, path: str, kind: str, name: str, owner: Any = None, **fields: Any) -> dict[str, Any]:
        """Create an object, owned by another one where that is given."""
        metadata: dict[str, Any] = {"name": name}
        if owner:
            reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"]}
            reference |= {key: owner["metadata"][key] for key in ("name", "uid")}
            metadata["ownerReferences"] = [reference]
        api_version = "apps/v1" if "/apps/" in path else "v1"
        body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
        return self.ask("POST", path, body)

    def report(self, path: str, status: dict[str, Any]) -> None:
        """Write an object's status."""
        live = self.ask("GET", path)
        self.ask("PUT", f"{path}/status", {**live, "status": status})


@pytest.fixture
def api(apiserver: LightApiserver, namespace: str) -> Api:
    return Api(apiserver, namespace)


@pytest.fixture(scope="module")
def cluster(apiserver: LightApiserver) -> Cluster:
    return Cluster.connect(str(apiserver.kubeconfig))


LABELS = {"app": "web"}
POD = {"containers": [{"name": "web", "image": "example.org/web:1"}]}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": POD}
WORKLOAD = {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}


def test_74_a_real_definition_becomes_established(api: Api, cluster: Cluster) -> None:
    plural = f"beds{api.namespace.replace('-', '')}"
    names = {
        "plural": plural,
        "singular": plural[:-1],
        "kind": plural.capitalize(),
        "listKind": f"{plural}List",
    }
    schema = {"openAPIV3Schema": {"type": "object"}}
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.org"},
        "spec": {
            "group": "example.org",
            "scope": "Namespaced",
            "names": names,
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    target = Target.of(api.ask("POST", path, body))
    assert wait_ready([target], cluster, timeout=20)[target].state is State.READY
    api.ask("DELETE", f"{path}/{plural}.example.org")
    wait_gone([target], cluster, timeout=20)


def test_70_a_deployment_is_waited_for_until_its_status_says_so(api: Api, cluster: Cluster) -> None:
    target = Target.of(api.create(f"{api.apps}/deployments", "Deployment", "web", spec=WORKLOAD))
    with pytest.raises(WaitTimeout, match="its controller has not reported anything yet"):
        wait_ready([target], cluster, timeout=0)
    conditions = [
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        {"type": "Available", "status": "True"},
    ]
    counts = dict.fromkeys(["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"], 1)
    status = {"observedGeneration": 1, "conditions": conditions, **counts}
    api.report(f"{api.apps}/deployments/web", status)
    assert wait_ready([target], cluster, timeout=0)[target].reason == "1 of 1 replicas available"


def test_79_the_pods_own_words_are_in_the_timeout(api: Api, cluster: Cluster) -> None:
    deployment = api.create(f"{api.apps}/deployments", "Deployment", "web", spec=WORKLOAD)
    owned = api.create(f"{api.apps}/replicasets", "ReplicaSet", "web-1", deployment, spec=WORKLOAD)
    api.create(f"{api.core}/serviceaccounts", "ServiceAccount", "default")
    pod = api.create(f"{api.core}/pods", "Pod", "web-1-a", owned, spec=POD)
    waiting = {"reason": "ImagePullBackOff", "message": "no such image"}
    container = {"name": "web", "ready": False, "restartCount": 0, "image": "", "imageID": ""}
    container["state"] = {"waiting": waiting}
    api.report(f"{api.core}/pods/web-1-a", {"phase": "Pending", "containerStatuses": [container]})
    about = {key: pod["metadata"][key] for key in ("name", "namespace", "uid")}
    said = {"type": "Warning", "reason": "Failed", "message": "pull refused", "involvedObject": about}
    api.create(f"{api.core}/events", "Event", "web-1-a.1", **said)
    with pytest.raises(WaitTimeout) as caught:
        wait_ready([Target.of(deployment)], cluster, timeout=0, explain=Explainer(cluster))
    assert str(caught.value).splitlines()[1] == (
        f"  apps/v1/Deployment {api.namespace}/web: its controller has not reported anything yet; "
        "pod web-1-a: container web: ImagePullBackOff: no such image; Failed: pull refused"
    )


def test_77_an_object_made_anew_is_another_one(api: Api, cluster: Cluster) -> None:
    service = {"spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}}
    old = Target.of(api.create(f"{api.core}/services", "Service", "web", **service))
    api.ask("DELETE", f"{api.core}/services/web")
    api.create(f"{api.core}/services", "Service", "web", **service)
    with pytest.raises(WaitFailed, match="replaced by another object of the same name"):
        wait_ready([old], cluster, timeout=10)
    wait_gone([old], cluster, timeout=0)


def test_a_finalizer_that_holds_an_object_is_named(api: Api, cluster: Cluster) -> None:
    held = {"name": "held", "finalizers": ["example.org/keep"]}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": held}
    target = Target.of(api.ask("POST", f"{api.core}/configmaps", body))
    api.ask("DELETE", f"{api.core}/configmaps/held")
    with pytest.raises(WaitTimeout, match=r"being deleted, held by finalizers: example\.org/keep"):
        wait_gone([target], cluster, timeout=0)
    live = api.ask("GET", f"{api.core}/configmaps/held")
    live["metadata"]["finalizers"] = []
    api.ask("PUT", f"{api.core}/configmaps/held", live)
    wait_gone([target], cluster, timeout=10)
