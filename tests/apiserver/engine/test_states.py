"""The states and the face, called as Salt calls them: test mode tells what the run does, and writes
nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from salt.exceptions import CommandExecutionError

from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import config_map, custom, definition, deployment, namespace, secret
from tests.apiserver.engine.salt_runner import SaltRunner


def _applied(
    salt: SaltRunner, kit: Kit, objects: Any, *, test: bool = False, **options: Any
) -> dict[str, Any]:
    kit.mark = kit.server.mark()
    given = {"applyset": "set", "applyset_namespace": kit.namespace, "wait": False, **options}
    return salt.state("kube_objects.applied", test=test, objects=objects, **given)


def _absent(salt: SaltRunner, kit: Kit, *, test: bool = False, **options: Any) -> dict[str, Any]:
    kit.mark = kit.server.mark()
    return salt.state("kube_objects.absent", test=test, **options)


def test_applied(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    objects = [config_map("one", kit.namespace, a="1")]

    ret = _applied(salt, kit, objects, test=testmode)

    assert ret["result"] is (None if testmode else True)
    assert ret["changes"] == {f"v1/ConfigMap {kit.namespace}/one": {"action": "created"}}
    assert ret["comment"] == ("Would be: " if testmode else "") + "1 created, 0 unchanged."
    assert (kit.writes() == []) is testmode
    assert (kit.core("configmaps", "one") is None) is testmode


def test_applied_without_changes(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    objects = [config_map("one", kit.namespace, a="1")]
    _applied(salt, kit, objects)

    ret = _applied(salt, kit, objects, test=testmode)

    assert (ret["result"], ret["changes"], ret["comment"]) == (True, {}, "1 unchanged.")
    assert kit.writes() == []


def test_applied_to_an_empty_cluster(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    """Namespace, definition, custom resource and the set's own parent: all are new."""
    space, group = f"{kit.namespace}-new", f"{kit.namespace}.example.com"
    objects = [
        namespace(space),
        definition("Thing", group),
        custom("Thing", group, "one", space),
        config_map("one", space),
    ]

    ret = _applied(salt, kit, objects, test=testmode, applyset_namespace=space)

    assert {change["action"] for change in ret["changes"].values()} == {"created"}
    assert len(ret["changes"]) == 4
    assert (kit.writes() == []) is testmode


def test_applied_prunes(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    _applied(salt, kit, [config_map("one", kit.namespace), config_map("two", kit.namespace, a="1")])

    ret = _applied(salt, kit, [config_map("two", kit.namespace, a="2")], test=testmode)

    assert ret["changes"] == {
        f"v1/ConfigMap {kit.namespace}/one": {"action": "deleted"},
        f"v1/ConfigMap {kit.namespace}/two": {
            "action": "changed",
            "diff": {"data.a": {"old": "1", "new": "2"}},
        },
    }
    assert (kit.names() == ["one", "two"]) is testmode


def test_applied_from_a_file(salt: SaltRunner, kit: Kit, tmp_path: Path, testmode: bool) -> None:
    path = tmp_path / "objects.yaml"
    path.write_text(yaml.safe_dump_all([config_map("one", kit.namespace), config_map("two", kit.namespace)]))

    ret = _applied(salt, kit, str(path), test=testmode)

    assert len(ret["changes"]) == 2


def test_applied_that_fails_half_way(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    broken = deployment("web", kit.namespace)
    broken["spec"]["replicas"] = -1

    ret = _applied(salt, kit, [config_map("fine", kit.namespace), broken], test=testmode)

    assert ret["result"] is False
    assert list(ret["changes"]) == [f"v1/ConfigMap {kit.namespace}/fine"]
    assert f"apps/v1/Deployment {kit.namespace}/web" in ret["comment"]
    assert "Traceback" not in ret["comment"]


def test_applied_that_is_not_ready_in_time(salt: SaltRunner, kit: Kit) -> None:
    ret = _applied(salt, kit, [deployment("web", kit.namespace)], wait=True, timeout=1)

    assert ret["result"] is False
    assert ret["changes"] == {f"apps/v1/Deployment {kit.namespace}/web": {"action": "created"}}
    assert f"apps/v1/Deployment {kit.namespace}/web" in ret["comment"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"adopt": "sometimes"}, "adopt must be one of never, unowned, all", id="adopt"),
        pytest.param({"prune_when": "later"}, "prune_when must be one of applied, ready", id="prune_when"),
        pytest.param({"timeout": "long"}, "timeout must be a number of seconds", id="timeout"),
        pytest.param({"prune_kinds": {"a": 1}}, "prune_kinds must be a list of names", id="prune_kinds"),
        pytest.param({"wait": "no"}, "wait must be True or False", id="wait"),
        pytest.param({"kubeconfig": "/nowhere/admin.conf"}, "/nowhere/admin.conf cannot be read", id="file"),
    ],
)
def test_applied_with_wrong_options(
    salt: SaltRunner, kit: Kit, testmode: bool, options: dict[str, Any], message: str
) -> None:
    ret = _applied(salt, kit, [config_map("one", kit.namespace)], test=testmode, **options)

    assert (ret["result"], ret["changes"]) == (False, {})
    assert message in ret["comment"]


def test_absent_set(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    _applied(salt, kit, [config_map("one", kit.namespace), secret("two", kit.namespace, a="canary")])

    ret = _absent(salt, kit, test=testmode, applyset="set", applyset_namespace=kit.namespace)

    assert ret["result"] is (None if testmode else True)
    assert ret["changes"] == {
        name: {"action": "deleted"}
        for name in (
            f"v1/ConfigMap {kit.namespace}/one",
            f"v1/Secret {kit.namespace}/set",
            f"v1/Secret {kit.namespace}/two",
        )
    }
    assert (kit.writes() == []) is testmode
    assert (kit.core("secrets", "set") is not None) is testmode


def test_absent_set_that_is_absent(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    ret = _absent(salt, kit, test=testmode, applyset="set", applyset_namespace=kit.namespace)

    assert (ret["result"], ret["changes"]) == (True, {})


def test_absent_set_whose_parent_lives_in_its_own_namespace(
    salt: SaltRunner, kit: Kit, testmode: bool
) -> None:
    space = f"{kit.namespace}-own"
    _applied(salt, kit, [namespace(space), config_map("one", space)], applyset_namespace=space)

    ret = _absent(
        salt,
        kit,
        test=testmode,
        applyset="set",
        applyset_namespace=space,
        prune_kinds=["Namespace"],
        wait=False,
    )

    assert f"v1/Namespace {space}" in ret["changes"], ret
    live = kit.get(f"/api/v1/namespaces/{space}")
    assert live is not None  # no controller ends its deletion here
    assert ("deletionTimestamp" not in live["metadata"]) is testmode


def test_absent_objects(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    kit.kubectl("create", "configmap", "one")
    named = [config_map("one", kit.namespace), config_map("never-there", kit.namespace)]

    ret = _absent(salt, kit, test=testmode, objects=named)

    assert ret["changes"] == {f"v1/ConfigMap {kit.namespace}/one": {"action": "deleted"}}
    assert ret["comment"] == ("Would be: " if testmode else "") + "1 deleted, 1 unchanged."


def test_absent_of_a_kind_that_is_not_served(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    ret = _absent(
        salt, kit, test=testmode, objects=[custom("Thing", "nowhere.example.com", "x", kit.namespace)]
    )

    assert (ret["result"], ret["changes"]) == (True, {})


def test_absent_keeps_what_is_not_asked_for(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    ret = _absent(salt, kit, test=testmode, objects=[namespace(kit.namespace)])

    assert (ret["result"], ret["changes"]) == (True, {})
    assert "prune_kinds: [Namespace]" in ret["comment"]


def test_pruned(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    """What apply left with prune=False goes later; what stays is not touched."""
    old, new = config_map("old", kit.namespace), config_map("new", kit.namespace, a="1")
    _applied(salt, kit, [old])
    _applied(salt, kit, [new], prune=False)
    assert kit.names() == ["new", "old"]
    before = kit.core("configmaps", "new")

    kit.mark = kit.server.mark()
    ret = salt.state(
        "kube_objects.pruned", test=testmode, keep=[new], applyset="set", applyset_namespace=kit.namespace
    )

    assert ret["result"] is (None if testmode else True)
    assert ret["changes"] == {f"v1/ConfigMap {kit.namespace}/old": {"action": "deleted"}}
    assert (kit.writes() == []) is testmode
    assert kit.core("configmaps", "new") == before
    assert kit.names() == (["new", "old"] if testmode else ["new"])
    if not testmode:
        assert (_applied(salt, kit, [new])["changes"], kit.writes()) == ({}, [])


def test_pruned_set_that_is_absent(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    ret = salt.state(
        "kube_objects.pruned", test=testmode, keep=[], applyset="set", applyset_namespace=kit.namespace
    )

    assert (ret["result"], ret["changes"]) == (True, {})


def test_prediction_equals_the_run(salt: SaltRunner, kit: Kit) -> None:
    first = [
        config_map("a", kit.namespace, x="1"),
        secret("s", kit.namespace, p="canary-old"),
        deployment("web", kit.namespace),
    ]
    second = [
        config_map("a", kit.namespace, x="2"),
        secret("s", kit.namespace, p="canary-new"),
        config_map("b", kit.namespace),
    ]
    for objects in (first, second, []):
        predicted = _applied(salt, kit, objects, test=True)
        assert kit.writes() == []
        done = _applied(salt, kit, objects)
        assert predicted["changes"] == done["changes"]
        assert "canary" not in json.dumps([predicted, done])


def test_execution_functions(salt: SaltRunner, kit: Kit) -> None:
    one = config_map("one", kit.namespace, a="1")
    space = kit.namespace

    would = salt.call("kube_objects.diff", [one], applyset="set", applyset_namespace=space, wait=False)
    assert list(would["changes"]) == [f"v1/ConfigMap {space}/one"]
    assert kit.core("configmaps", "one") is None

    salt.call("kube_objects.apply", [one], applyset="set", applyset_namespace=space)
    found = salt.call("kube_objects.get", "v1", "ConfigMap", "one", space)
    assert found["data"] == {"a": "1"}
    assert salt.call("kube_objects.get", "v1", "ConfigMap", "none", space) is None
    listed = salt.call(
        "kube_objects.list", "v1", "ConfigMap", space, selector="applyset.kubernetes.io/part-of"
    )
    assert [item["metadata"]["name"] for item in listed] == ["one"]
    assert list(salt.call("kube_objects.wait", [one], timeout=2)) == [f"v1/ConfigMap {space}/one"]
    salt.call("kube_objects.absent", applyset="set", applyset_namespace=space)
    assert kit.core("configmaps", "one") is None


def test_server_facts(salt: SaltRunner) -> None:
    assert salt.call("kube_objects.server_version").startswith("v1.")
    assert {"v1", "apps/v1/Deployment"} <= set(salt.call("kube_objects.api_versions"))


def test_secrets_are_masked_but_certificates(salt: SaltRunner, kit: Kit) -> None:
    certificate = str(kit.server.ca)
    key = str(kit.server.serving_pair()[1])
    kit.kubectl("create", "secret", "generic", "plain", "--from-literal=password=canary")
    kit.kubectl("create", "-f", "-", stdin=_tls_secret(kit, certificate, key))

    assert salt.call("kube_objects.get", "v1", "Secret", "plain", kit.namespace)["data"] == {
        "password": "***"
    }
    shown = salt.call("kube_objects.get", "v1", "Secret", "tls", kit.namespace)["data"]
    assert shown["tls.key"] == "***"
    assert shown["tls.crt"] != "***"


def _tls_secret(kit: Kit, certificate: str, key: str) -> dict[str, Any]:
    manifest = secret("tls", kit.namespace)
    texts = {"tls.crt": Path(certificate).read_text(), "tls.key": Path(key).read_text()}
    return {**manifest, "type": "kubernetes.io/tls", "stringData": texts}


def test_unknown_kind_says_so_in_one_line(salt: SaltRunner) -> None:
    with pytest.raises(CommandExecutionError, match="does not serve v1/Nothing") as caught:
        salt.call("kube_objects.list", "v1", "Nothing")

    assert "\n" not in str(caught.value)
