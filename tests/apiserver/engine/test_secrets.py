"""No value of a Secret in returns, logs, events or errors: canaries are planted and looked for everywhere."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import pytest

from cp_ingress_core.errors import CpIngressError
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import config_map, secret

CANARY = "canary-5f1c-value"
FORMS = (CANARY, base64.b64encode(CANARY.encode()).decode(), base64.b64encode(CANARY.encode()).decode()[:12])


def _clean(*things: Any, caplog: pytest.LogCaptureFixture | None = None) -> None:
    text = "\n".join(json.dumps(thing, default=repr) for thing in things)
    if caplog is not None:
        text += "\n".join(record.getMessage() + repr(record.args) for record in caplog.records)
    assert [form for form in FORMS if form in text] == []


@pytest.mark.parametrize("test", [False, True], ids=["run", "test"])
def test_secret_masked(kit: Kit, caplog: pytest.LogCaptureFixture, test: bool) -> None:
    caplog.set_level(logging.DEBUG)
    steps: list[list[dict[str, Any]]] = [
        [secret("s", kit.namespace, same=CANARY, changed=f"{CANARY}-1", removed=CANARY)],
        [secret("s", kit.namespace, same=CANARY, changed=f"{CANARY}-2", added=CANARY)],
        [],
    ]
    reports = [kit.apply(objects, test=test) for objects in steps]

    _clean(reports, caplog=caplog)
    if not test:
        (change,) = reports[1]["changes"].values()
        assert change["diff"] == {
            "data.added": {"old": None, "new": "***"},
            "data.changed": {"old": "*** (before)", "new": "*** (after)"},
            "data.removed": {"old": "***", "new": None},
        }


def test_stringdata_key_rename(kit: Kit) -> None:
    kit.apply([secret("s", kit.namespace, old=CANARY)])

    report = kit.apply([secret("s", kit.namespace, new=CANARY)])

    live = kit.core("secrets", "s")
    assert live is not None
    assert list(live["data"]) == ["new"]
    (change,) = report["changes"].values()
    assert set(change["diff"]) == {"data.old", "data.new"}
    _clean(report)


def test_secret_pruned_masked(kit: Kit) -> None:
    kit.apply([secret("s", kit.namespace, key=CANARY)])

    report = kit.apply([], test=True)

    assert report["changes"] == {f"v1/Secret {kit.namespace}/s": {"action": "deleted"}}


def test_secret_of_kubectl_is_adopted_without_showing_it(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    kit.kubectl("apply", "-f", "-", stdin=secret("s", kit.namespace, key=CANARY))

    report = kit.apply([secret("s", kit.namespace, key=f"{CANARY}2")])

    _clean(report, caplog=caplog)


BROKEN: dict[str, dict[str, Any]] = {
    "value that is no string": {"stringData": {"key": {"nested": CANARY}}},
    "data that is not base64": {"data": {"key": f"{CANARY}!"}},
    "unknown field": {"stringData": {"key": CANARY}, "extra": CANARY},
    "key that is none": {"stringData": {"not/valid": CANARY}},
    "type that needs other keys": {"type": "kubernetes.io/tls", "stringData": {"key": CANARY}},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_secret_error_clean(kit: Kit, broken: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    manifest = {**secret("s", kit.namespace), **broken}

    with pytest.raises(CpIngressError) as caught:
        kit.apply([config_map("fine", kit.namespace), manifest])

    assert f"v1/Secret {kit.namespace}/s" in str(caught.value)
    _clean(str(caught.value), repr(caught.value), caught.value.info, caplog=caplog)
