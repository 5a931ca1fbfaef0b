"""Waits that fail on a real cluster say why: in the scheduler's, the kubelet's and the probe's own words.

The rules are tested with written statuses elsewhere; here schedulers and kubelets write them.
"""

import json

import pytest

pytestmark = pytest.mark.e2e

# Within it every one of these has been said; none of the Deployments ever becomes ready.
TIMEOUT = 40


def deployment(name, *, image="sandbox/web:1", pull="Never", pod=None, **container):
    """A Deployment of one pod that may run on a master, with something wrong about it."""
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "main", "image": image, "imagePullPolicy": pull, **container}],
            **(pod or {}),
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "waits"},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
    }


WRONG = [
    deployment("homeless", pod={"nodeSelector": {"nowhere": "true"}}),
    deployment("imageless", image="registry.invalid/none:1", pull="Always"),
    deployment("deaf", readinessProbe={"httpGet": {"path": "/", "port": 1}, "periodSeconds": 2}),
    deployment("short-lived", command=["/none"]),
]
SAID = {
    "homeless": "didn't match Pod's node affinity/selector",
    "imageless": "registry.invalid/none:1",
    "deaf": "Readiness probe failed",
    "short-lived": "/none",
}


@pytest.fixture(scope="module")
def cluster(sandbox_of):
    return sandbox_of(1)


@pytest.fixture(scope="module")
def waited(cluster):
    """The state that waits for all of them at once, and all that salt-call printed meanwhile."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "waits"}}
    objects = {"apiVersion": "v1", "kind": "List", "items": [namespace, *WRONG]}
    cluster.run("n1", ["tee", "/root/waits.json"], stdin=json.dumps(objects))
    result = cluster.salt_call(
        "n1",
        "state.single",
        "kube_objects.applied",
        "name=waits",
        "objects=/root/waits.json",
        "applyset=waits",
        "applyset_namespace=waits",
        f"timeout={TIMEOUT}",
    )
    (state,) = result.data.values()
    return state, result.stderr


def test_the_state_fails_and_tells_what_was_done(waited):
    state, _ = waited
    assert state["result"] is False
    assert {change["action"] for change in state["changes"].values()} == {"created"}
    assert len(state["changes"]) == len(WRONG) + 1


@pytest.mark.parametrize("name", SAID)
def test_each_object_is_named_with_its_pods_own_words(waited, name):
    state, _ = waited
    (line,) = [line for line in state["comment"].splitlines() if f"Deployment waits/{name}:" in line]
    assert SAID[name] in line
    assert "0 of 1" in line


def test_meanwhile_it_said_what_it_waited_for_where_everybody_sees_it(waited):
    _, shown = waited
    lines = [line for line in shown.splitlines() if "waiting for 4 of 5 objects" in line]
    assert len(lines) == 1, "once in half a minute, at Salt's own log level"


def test_the_api_says_the_same_to_whoever_only_waits(cluster, waited):
    found = cluster.salt_call("n1", "kube_objects.wait", "/root/waits.json", "timeout=2")
    assert "not ready after 2 s" in found.stderr + found.stdout
    assert "Traceback" not in found.stderr + found.stdout
