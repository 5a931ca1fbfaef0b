"""What test mode predicts is what the run does, for random pairs of object sets."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import (
    config_map,
    daemon_set,
    deployment,
    labelled,
    secret,
    service_account,
)

VALUES = st.sampled_from(["1", "2", ""])


@st.composite
def object_sets(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """(kind, name, value) of some objects, each at most once."""
    kinds = st.sampled_from(["ConfigMap", "Secret", "ServiceAccount", "Deployment", "DaemonSet"])
    keys = draw(st.lists(st.tuples(kinds, st.sampled_from("ab")), unique=True, max_size=6))
    return [(*key, draw(VALUES)) for key in keys]


def _manifest(kind: str, name: str, value: str, namespace: str) -> dict[str, Any]:
    if kind == "ConfigMap":
        return config_map(name, namespace, **({"key": value} if value else {}))
    if kind == "Secret":
        return secret(name, namespace, **({"key": value} if value else {}))
    if kind == "ServiceAccount":
        return labelled(service_account(name, namespace), value=value)
    if kind == "Deployment":
        return deployment(name, namespace, image=f"a:{value or '0'}", replicas=int(value) if value else None)
    return labelled(daemon_set(name, namespace), **({"value": value} if value else {}))


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(object_sets(), object_sets())
def test_predictions_are_what_the_run_does(
    kit: Kit, first: list[tuple[str, str, str]], second: list[tuple[str, str, str]]
) -> None:
    for wanted in (first, second, second):
        objects = [_manifest(*parts, kit.namespace) for parts in wanted]

        predicted = kit.apply(objects, test=True)
        assert kit.writes() == []
        done = kit.apply(objects)

        assert predicted["changes"] == done["changes"]
        assert predicted["unchanged"] == done["unchanged"]
    assert done["changes"] == {}
