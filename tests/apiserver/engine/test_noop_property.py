"""Held to each other at random: the run that proves what is unchanged and the one that sends everything, and
what test mode predicts and what the run does.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.apiserver.engine import edits
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import config_map, deployment, labelled, secret

MANIFESTS = edits.objects("anywhere")
POSSIBLE = [
    (name, target)
    for name, (_, kinds) in edits.EDITS.items()
    for target, manifest in MANIFESTS.items()
    if manifest["kind"] in kinds
]
RANDOM = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
_numbers = itertools.count(1)


def _fresh(kit: Kit) -> Kit:
    """Return a kit with a namespace of its own."""
    name = f"{kit.namespace}-{next(_numbers)}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    status, answer = kit.server.request("POST", "/api/v1/namespaces", body)
    assert status == 201, answer
    return dataclasses.replace(kit, namespace=name)


def _anywhere(kit: Kit, report: dict[str, Any]) -> dict[str, Any]:
    """Return a report as if it came from any namespace."""
    text = json.dumps(report).replace(kit.parent.id, "SET").replace(kit.namespace, "NAMESPACE")
    found: dict[str, Any] = json.loads(text)
    return found


def _sent(kit: Kit) -> list[str]:
    """Names of the objects that the last run wrote, the set's parent aside."""
    return sorted(name for _, name in kit.writes() if name != kit.parent.name)


@settings(max_examples=30, **RANDOM)
@given(done=st.lists(st.sampled_from(POSSIBLE), max_size=5), other_version=st.booleans())
def test_proving_ends_where_sending_everything_ends(
    kit: Kit, done: list[tuple[str, str]], other_version: bool
) -> None:
    proving, sending = _fresh(kit), _fresh(kit)
    for twin in (proving, sending):
        ours = edits.objects(twin.namespace)
        twin.apply(ours.values())
        for step, (name, target) in enumerate(done):
            edits.EDITS[name][0](twin.server, ours[target], step)
    touched = {target for name, target in done if name in edits.OURS}
    version = "v1" if other_version else "v2"
    touched |= {"web-scaler"} if other_version else set()

    reports, sent = [], []
    for twin, verify in ((proving, "changed"), (sending, "full")):
        wanted = edits.objects(twin.namespace, version=version)
        report = twin.apply(wanted.values(), verify=verify, force_conflicts=True)
        reports.append(_anywhere(twin, report))
        sent.append(_sent(twin))

    assert sent == [sorted(touched), sorted(MANIFESTS)]
    assert reports[0] == reports[1]
    assert edits.state(proving) == edits.state(sending)
    again = proving.apply(edits.objects(proving.namespace, version=version).values())
    assert (again["changes"], proving.writes()) == ({}, [])


VALUES = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2", ""]), max_size=3)
KEYS = st.tuples(
    st.sampled_from(["ConfigMap", "Secret", "Service", "Deployment"]), st.sampled_from(["x", "y"])
)
SETS = st.dictionaries(KEYS, st.tuples(VALUES, VALUES), max_size=6)


def _manifest(kind: str, name: str, values: dict[str, str], namespace: str) -> dict[str, Any]:
    """Return an object of that kind whose fields depend on `values`."""
    if kind == "ConfigMap":
        return config_map(name, namespace, **values)
    if kind == "Secret":
        return secret(name, namespace, **values)
    if kind == "Service":
        return edits.service(name, namespace, port=80 + len(values))
    return deployment(name, namespace, image=f"a:{len(values)}", replicas=1 if "a" in values else None)


@settings(max_examples=20, **RANDOM)
@given(SETS, SETS)
def test_what_test_mode_predicts_the_run_does(
    kit: Kit, first: dict[Any, Any], second: dict[Any, Any]
) -> None:
    mine = _fresh(kit)
    for wanted in (first, second):
        objects = [
            labelled(_manifest(*key, values, mine.namespace), **labels)
            for key, (values, labels) in wanted.items()
        ]

        predicted = mine.apply(objects, test=True)
        assert mine.writes() == []
        done = mine.apply(objects)

        for part in ("changes", "unchanged", "kept"):
            assert predicted[part] == done[part]
