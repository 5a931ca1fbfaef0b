"""What changes between the LIST and the DELETE is looked at again, and nothing of others is lost."""

from __future__ import annotations

from typing import Any

from cp_ingress_core.errors import CpIngressError
from cp_ingress_core.kube.filters import Context, Member
from cp_ingress_core.kube.identity import ObjectKey
from cp_ingress_core.kube.prune import prune
from cp_ingress_core.kube.report import Report
from tests.apiserver.engine.kit import CONFIG_MAPS, QUICK, Kit
from tests.apiserver.engine.objects import config_map

PART_OF = "applyset.kubernetes.io/part-of"


def _two(kit: Kit) -> list[dict[str, Any]]:
    return [config_map("foo", kit.namespace), config_map("bar", kit.namespace)]


def _member(kit: Kit, name: str) -> Member:
    live = kit.core("configmaps", name)
    assert live is not None
    return Member(ObjectKey("", "ConfigMap", kit.namespace, name), CONFIG_MAPS, live)


def _prune(kit: Kit, member: Member) -> tuple[Report, list[CpIngressError]]:
    report = Report()
    context = Context(set_id=kit.parent.id)
    kit.mark = kit.server.mark()
    pruned = prune(kit.cluster, [member], context, QUICK, report)
    return report, pruned.errors


def test_delete_404(kit: Kit) -> None:
    kit.apply(_two(kit))
    member = _member(kit, "bar")
    kit.kubectl("delete", "configmap", "bar")

    report, errors = _prune(kit, member)

    assert errors == []
    assert [change["action"] for change in report.changes.values()] == ["deleted"]


def test_uid_precondition(kit: Kit) -> None:
    kit.apply(_two(kit))
    member = _member(kit, "bar")
    kit.kubectl("delete", "configmap", "bar")
    kit.kubectl("create", "configmap", "bar", "--from-literal=precious=yes")

    report, errors = _prune(kit, member)

    assert errors == []
    assert report.changes == {}
    live = kit.core("configmaps", "bar")
    assert live is not None
    assert live["data"] == {"precious": "yes"}


def test_relabelled_between_list_and_delete_is_kept(kit: Kit) -> None:
    kit.apply(_two(kit))
    member = _member(kit, "bar")
    kit.kubectl("label", "configmap", "bar", f"{PART_OF}-")

    report, errors = _prune(kit, member)

    assert (report.changes, errors) == ({}, [])
    assert kit.core("configmaps", "bar") is not None


def test_touched_between_list_and_delete_is_deleted_after_another_look(kit: Kit) -> None:
    kit.apply(_two(kit))
    member = _member(kit, "bar")
    kit.kubectl("annotate", "configmap", "bar", "note=touched")

    _prune(kit, member)

    assert [event.code for event in kit.requests() if event.verb == "delete"] == [409, 200]
    assert kit.core("configmaps", "bar") is None
