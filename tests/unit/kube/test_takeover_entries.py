from __future__ import annotations

from typing import Any

from cp_ingress_core.kube.takeover import MANAGERS, migrated, to_take, without_left_behind


def _entry(manager: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "apiVersion": "v1", "fieldsV1": fields, **more}


def _obj(*entries: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a", "managedFields": list(entries)}, **rest}


def test_nothing_to_take_is_none() -> None:
    assert migrated(_obj(_entry("kube-controller-manager", {"f:a": {}})), MANAGERS) is None


def test_fields_of_several_tools_are_merged_into_ours() -> None:
    ours = _entry("salt-cp-ingress", {"f:a": {}}, operation="Apply")
    other = _entry("controller", {"f:z": {}})
    found = migrated(
        _obj(_entry("helm", {"f:b": {}}), other, ours, _entry("kubectl-create", {"f:c": {}})), MANAGERS
    )

    assert found == [{**ours, "fieldsV1": {"f:a": {}, "f:b": {}, "f:c": {}}}, other]


def test_without_an_entry_of_ours_the_newest_becomes_ours() -> None:
    old = _entry("helm", {"f:b": {}}, time="2026-01-01T00:00:00Z")
    new = _entry("kubectl-replace", {"f:c": {}}, time="2026-02-01T00:00:00Z")

    (entry,) = migrated(_obj(old, new), MANAGERS) or []

    assert (entry["manager"], entry["operation"]) == ("salt-cp-ingress", "Apply")
    assert entry["time"] == new["time"]
    assert entry["fieldsV1"] == {"f:b": {}, "f:c": {}}


def test_fields_of_another_api_version_are_dropped_not_merged() -> None:
    ours = _entry("salt-cp-ingress", {"f:a": {}}, operation="Apply")
    old = _entry("helm", {"f:gone": {}}, apiVersion="v1beta1")

    assert migrated(_obj(ours, old), MANAGERS) == [ours]


def test_subresources_stay_with_their_manager() -> None:
    assert to_take(_obj(_entry("helm", {}, subresource="status")), MANAGERS) == []


def test_the_input_is_not_changed() -> None:
    obj = _obj(_entry("helm", {"f:b": {}}))

    (entry,) = migrated(obj, MANAGERS) or []
    entry["fieldsV1"]["f:new"] = {}

    assert obj == _obj(_entry("helm", {"f:b": {}}))


def test_what_only_they_own_is_left_behind() -> None:
    obj = _obj(
        _entry("helm", {"f:data": {"f:old": {}, "f:both": {}}}),
        _entry("salt-cp-ingress", {"f:data": {"f:both": {}}}, operation="Apply"),
        data={"old": "1", "both": "2", "nobody": "3"},
    )

    assert without_left_behind(obj, MANAGERS)["data"] == {"both": "2", "nobody": "3"}
