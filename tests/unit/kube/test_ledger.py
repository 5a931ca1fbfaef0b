from __future__ import annotations

import base64
import copy
from typing import Any

import pytest

from cp_ingress_core.kube.identity import ObjectKey
from cp_ingress_core.kube.ledger import HASH, Entry, Ledger

KEY = ObjectKey("", "ConfigMap", "n", "a")
ENTRY = {"manager": "salt-cp-ingress", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {"f:data": {}}}


def _manifest(ledger: Ledger, **data: str) -> dict[str, Any]:
    manifest: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    manifest["data"] = data
    manifest["metadata"]["annotations"] = {HASH: ledger.hash_of(manifest)}
    return manifest


def _live(manifest: dict[str, Any]) -> dict[str, Any]:
    annotations = manifest["metadata"]["annotations"]
    return {"metadata": {"annotations": dict(annotations), "managedFields": [copy.deepcopy(ENTRY)]}}


def _applied(ledger: Ledger, manifest: dict[str, Any]) -> None:
    """What a run does that applies the manifest and ends well."""
    entry = ledger.entry(manifest, _live(manifest))
    assert entry is not None
    ledger.record({KEY: entry}, {})


def _touch(live: dict[str, Any], what: str) -> None:
    metadata, (entry,) = live["metadata"], live["metadata"]["managedFields"]
    if what == "annotation gone":
        metadata["annotations"] = {}
    elif what == "no entry of ours":
        metadata["managedFields"] = []
    elif what == "field lost":
        entry["fieldsV1"] = {}
    elif what == "other version":
        entry["apiVersion"] = "v2"
    elif what == "being deleted":
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"


def test_an_untouched_object_is_proven() -> None:
    ledger = Ledger()
    manifest = _manifest(ledger)
    _applied(ledger, manifest)

    assert ledger.proves(KEY, manifest, _live(manifest))


@pytest.mark.parametrize(
    "what", ["annotation gone", "no entry of ours", "field lost", "other version", "being deleted"]
)
def test_any_doubt_proves_nothing(what: str) -> None:
    ledger = Ledger()
    manifest = _manifest(ledger)
    _applied(ledger, manifest)
    live = _live(manifest)
    _touch(live, what)

    assert not ledger.proves(KEY, manifest, live)


def test_an_unrecorded_object_is_not_proven() -> None:
    ledger = Ledger()
    manifest = _manifest(ledger)

    assert not ledger.proves(KEY, manifest, _live(manifest))


def _without_hashes(ledger: Ledger) -> Ledger:
    """The same as earlier versions wrote it: two columns."""
    entries = {name: Entry(entry.digest) for name, entry in ledger.entries.items()}
    return Ledger.read(Ledger(ledger.key, entries).data())


def test_a_manifest_that_is_not_the_recorded_one_is_known_to_have_changed() -> None:
    ledger = Ledger()
    manifest = _manifest(ledger, a="1")
    _applied(ledger, manifest)

    assert not ledger.tells_changed(KEY, manifest)
    assert ledger.tells_changed(KEY, _manifest(ledger, a="2"))


def test_of_what_was_never_recorded_no_change_is_known() -> None:
    ledger = Ledger()
    _applied(ledger, _manifest(ledger, a="1"))
    changed = _manifest(ledger, a="2")

    assert not ledger.tells_changed(KEY._replace(name="b"), changed)
    assert not _without_hashes(ledger).tells_changed(KEY, changed)


def test_a_ledger_of_an_earlier_version_proves_as_much_and_a_proof_does_not_change_it() -> None:
    ledger = Ledger()
    manifest = _manifest(ledger)
    _applied(ledger, manifest)
    old = _without_hashes(ledger)
    before = old.data()

    assert old.proves(KEY, manifest, _live(manifest))
    old.record({}, {KEY: manifest})
    assert old.data() == before


def test_what_a_failed_run_applied_is_recorded_by_the_run_that_proves_it() -> None:
    """The member carries the new hash already, the ledger the old one: it would count as changed for ever."""
    ledger = Ledger()
    _applied(ledger, _manifest(ledger, a="1"))
    manifest = _manifest(ledger, a="2")

    assert ledger.proves(KEY, manifest, _live(manifest))
    ledger.record({}, {KEY: manifest})
    assert not ledger.tells_changed(KEY, manifest)


def test_what_was_neither_applied_nor_proven_is_forgotten() -> None:
    ledger = Ledger()
    _applied(ledger, _manifest(ledger))

    ledger.record({}, {})

    assert ledger.entries == {}


def test_hashes_are_keyed_and_leave_out_only_themselves() -> None:
    one, other = Ledger(), Ledger()
    manifest: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a"},
        "data": {"a": "1"},
    }
    hashed = {**manifest, "metadata": {"name": "a", "annotations": {HASH: "x"}}}

    assert one.hash_of(manifest) == one.hash_of(hashed)
    assert one.hash_of(manifest) != other.hash_of(manifest)
    assert one.hash_of(manifest) != one.hash_of({**manifest, "data": {"a": "2"}})


def test_what_is_written_is_read_back() -> None:
    ledger = Ledger()
    _applied(ledger, _manifest(ledger))

    assert Ledger.read(ledger.data()) == ledger


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(None, id="none"),
        pytest.param({}, id="empty"),
        pytest.param({"key": "%%%"}, id="not base64"),
        pytest.param({"key": base64.b64encode(b"short").decode()}, id="too short a key"),
        pytest.param({"key": base64.b64encode(b"k" * 32).decode(), "members": "/w=="}, id="not text"),
    ],
)
def test_a_damaged_ledger_is_a_new_one(data: dict[str, str] | None) -> None:
    found = Ledger.read(data)

    assert len(found.key) == 32
    assert found.entries == {}


def test_five_thousand_members_fit_into_a_secret() -> None:
    ledger = Ledger()
    long = "n" * 253
    for number in range(5000):
        name = ledger.member(ObjectKey("apps", "Deployment", long, f"{long}{number}"))
        ledger.entries[name] = Entry("0" * 16, ledger.hash_of(_manifest(ledger))[:8])

    assert sum(len(base64.b64decode(value)) for value in ledger.data().values()) < 256 * 1024
