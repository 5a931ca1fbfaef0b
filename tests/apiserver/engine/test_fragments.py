"""A part of an object of somebody else's: only its fields become ours, and they can be given up again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from salt.exceptions import CommandExecutionError

from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import config_map, deployment, secret
from tests.apiserver.engine.salt_runner import SaltRunner

MANAGER = "url-of-the-test"
Manifest = dict[str, Any]


def _part(kind: str, name: str, namespace: str, **body: Any) -> Manifest:
    version = "apps/v1" if kind == "Deployment" else "v1"
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        **body,
    }


def _env(namespace: str, **variables: str) -> Manifest:
    """A fragment of the Deployment web with nothing but these variables of its container."""
    env = [{"name": name, "value": value} for name, value in variables.items()]
    pod = {"spec": {"containers": [{"name": "main", "env": env}]}}
    return _part("Deployment", "web", namespace, spec={"template": pod})


def _applied(salt: SaltRunner, kit: Kit, part: Manifest, *, test: bool = False, **more: Any) -> Manifest:
    kit.mark = kit.server.mark()
    given = {"part": part, "manager": MANAGER, **more}
    return salt.state("kube_objects.fragment_applied", test=test, **given)


def _released(salt: SaltRunner, kit: Kit, part: Manifest, *, test: bool = False) -> Manifest:
    kit.mark = kit.server.mark()
    return salt.state("kube_objects.fragment_released", test=test, part=part, manager=MANAGER)


def _web(kit: Kit) -> Manifest:
    found = kit.get(f"/apis/apps/v1/namespaces/{kit.namespace}/deployments/web")
    assert found is not None
    return found


def _variables(kit: Kit) -> dict[str, str]:
    (container,) = _web(kit)["spec"]["template"]["spec"]["containers"]
    return {entry["name"]: entry["value"] for entry in container.get("env", [])}


@pytest.fixture
def web(kit: Kit) -> None:
    """A Deployment of somebody else's, with an environment variable of its own."""
    manifest = deployment("web", kit.namespace)
    manifest["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "THEIRS", "value": "1"}]
    kit.kubectl("apply", "--server-side", "--field-manager=helm", "-f", "-", stdin=manifest)


@pytest.mark.usefixtures("web")
def test_only_its_fields_are_owned(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    ret = _applied(salt, kit, _env(kit.namespace, URL="https://a/"), test=testmode)

    assert ret["result"] is (None if testmode else True)
    assert (kit.writes() == []) is testmode
    assert _variables(kit) == {"THEIRS": "1"} | ({} if testmode else {"URL": "https://a/"})
    entries = {e["manager"]: e["fieldsV1"] for e in _web(kit)["metadata"]["managedFields"]}
    assert (MANAGER not in entries) is testmode
    if not testmode:
        env = entries[MANAGER]["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"main"}']
        assert env == {
            ".": {},
            "f:env": {'k:{"name":"URL"}': {".": {}, "f:name": {}, "f:value": {}}},
            "f:name": {},
        }
        assert list(entries[MANAGER]) == ["f:spec"]


@pytest.mark.usefixtures("web")
def test_a_second_run_reads_once_and_writes_nothing(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    part = _env(kit.namespace, URL="https://a/", ISSUER="https://a/oidc")
    _applied(salt, kit, part)

    ret = _applied(salt, kit, part, test=testmode)

    assert (ret["result"], ret["changes"], ret["comment"]) == (True, {}, "1 unchanged.")
    assert kit.verbs("deployments") == ["get"]


def test_values_that_the_server_writes_otherwise_are_no_change(
    salt: SaltRunner, kit: Kit, testmode: bool
) -> None:
    kit.kubectl("create", "-f", "-", stdin=deployment("web", kit.namespace))
    limits = {"containers": [{"name": "main", "resources": {"limits": {"memory": "1024Mi"}}}]}
    part = _part("Deployment", "web", kit.namespace, spec={"template": {"spec": limits}})
    _applied(salt, kit, part)

    ret = _applied(salt, kit, part, test=testmode)

    assert (ret["changes"], kit.writes()) == ({}, [])


@pytest.mark.parametrize("forgotten", [False, True], ids=["edited by others", "no longer given"])
@pytest.mark.usefixtures("web")
def test_what_left_the_fragment_is_put_right(
    salt: SaltRunner, kit: Kit, testmode: bool, forgotten: bool
) -> None:
    _applied(salt, kit, _env(kit.namespace, URL="https://a/", **({"OLD": "x"} if forgotten else {})))
    if not forgotten:
        kit.kubectl("set", "env", "deployment/web", "URL-")

    ret = _applied(salt, kit, _env(kit.namespace, URL="https://a/"), test=testmode)

    (change,) = ret["changes"].values()
    path = "spec.template.spec.containers[main].env"
    expected = f"{path}[OLD]" if forgotten else f"{path}[URL]"
    assert (change["action"], list(change["diff"])) == ("changed", [expected])
    assert ("URL" in _variables(kit)) is (forgotten or not testmode)
    assert ("OLD" in _variables(kit)) is (forgotten and testmode)


def test_prediction_equals_the_run(salt: SaltRunner, kit: Kit) -> None:
    space = kit.namespace
    kit.kubectl("create", "-f", "-", stdin=config_map("one", space, a="1", b="2"))
    parts = [
        _part("ConfigMap", "one", space, data={"c": "3"}),
        _part("ConfigMap", "one", space, data={"a": "1", "c": "4"}),
        _part("ConfigMap", "one", space, data={"a": "1"}),
    ]
    for part in parts:
        predicted = _applied(salt, kit, part, test=True)
        assert kit.writes() == []
        done = _applied(salt, kit, part)
        assert len(kit.writes()) == 1
        assert predicted["changes"] == done["changes"] != {}
    predicted = _released(salt, kit, parts[0], test=True)
    done = _released(salt, kit, parts[0])
    assert predicted["changes"] == done["changes"] != {}
    live = kit.core("configmaps", "one")
    assert live is not None and live["data"] == {"a": "1", "b": "2"}


def test_a_value_that_stands_there_already_becomes_ours_too(
    salt: SaltRunner, kit: Kit, testmode: bool
) -> None:
    kit.kubectl("create", "-f", "-", stdin=config_map("one", kit.namespace, a="1"))

    ret = _applied(salt, kit, _part("ConfigMap", "one", kit.namespace, data={"a": "1"}), test=testmode)

    assert ret["changes"] == {f"v1/ConfigMap {kit.namespace}/one": {"action": "adopted"}}
    assert (kit.writes() == []) is testmode


def test_a_conflict_names_fields_and_managers(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    manifest = config_map("one", kit.namespace, a="1", b="1")
    kit.kubectl("apply", "--server-side", "--field-manager=gardener", "-f", "-", stdin=manifest)
    part = _part("ConfigMap", "one", kit.namespace, data={"a": "2", "c": "3"})

    ret = _applied(salt, kit, part, test=testmode)

    assert (ret["result"], ret["changes"], kit.writes()) == (False, {}, [])
    assert ".data.a" in ret["comment"] and '"gardener"' in ret["comment"]
    assert ".data.b" not in ret["comment"]
    with pytest.raises(CommandExecutionError) as caught:
        salt.call("kube_objects.apply_fragment", part, MANAGER, test=testmode)
    (conflict,) = caught.value.info["conflicts"]
    assert conflict["field"] == ".data.a"


def test_a_conflict_may_be_forced(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    manifest = config_map("one", kit.namespace, a="1")
    kit.kubectl("apply", "--server-side", "--field-manager=gardener", "-f", "-", stdin=manifest)
    part = _part("ConfigMap", "one", kit.namespace, data={"a": "2"})

    ret = _applied(salt, kit, part, test=testmode, force_conflicts=True)

    (change,) = ret["changes"].values()
    assert change == {"action": "changed", "diff": {"data.a": {"old": "1", "new": "2"}}}


def test_nothing_is_ever_made(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    part = _part("ConfigMap", "one", kit.namespace, data={"a": "2"})

    ret = _applied(salt, kit, part, test=testmode)

    assert (ret["result"], ret["changes"], kit.writes()) == (False, {}, [])
    assert f"v1/ConfigMap {kit.namespace}/one: there is no such object" in ret["comment"]


def test_what_an_earlier_state_makes_may_lack_in_test_mode(
    salt: SaltRunner, kit: Kit, testmode: bool
) -> None:
    part = _part("ConfigMap", "one", kit.namespace, data={"a": "2"})

    ret = _applied(salt, kit, part, test=testmode, made_before=True)

    assert ret["result"] is (None if testmode else False)
    assert bool(ret.get("warnings")) is testmode
    assert kit.core("configmaps", "one") is None


@pytest.mark.usefixtures("web")
def test_released_fields_vanish(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    before = _web(kit)["spec"]
    part = _env(kit.namespace, URL="https://a/")
    _applied(salt, kit, part)

    ret = _released(salt, kit, part, test=testmode)

    assert ret["result"] is (None if testmode else True)
    (change,) = ret["changes"].values()
    assert change["diff"] == {
        "spec.template.spec.containers[main].env[URL]": {
            "old": '{"name": "URL", "value": "https://a/"}',
            "new": None,
        }
    }
    assert (_web(kit)["spec"] == before) is not testmode
    assert (kit.writes() == []) is testmode
    managers = {entry["manager"] for entry in _web(kit)["metadata"]["managedFields"]}
    assert (MANAGER in managers) is testmode


def test_released_fields_stay_where_others_own_them(salt: SaltRunner, kit: Kit, testmode: bool) -> None:
    kit.kubectl("create", "-f", "-", stdin=config_map("one", kit.namespace, a="1"))
    part = _part("ConfigMap", "one", kit.namespace, data={"a": "1"})
    _applied(salt, kit, part)

    ret = _released(salt, kit, part, test=testmode)

    assert ret["changes"] == {f"v1/ConfigMap {kit.namespace}/one": {"action": "detached"}}
    live = kit.core("configmaps", "one")
    assert live is not None and live["data"] == {"a": "1"}


@pytest.mark.parametrize("there", [True, False], ids=["nothing is ours", "no such object"])
def test_nothing_to_release(salt: SaltRunner, kit: Kit, testmode: bool, there: bool) -> None:
    if there:
        kit.kubectl("create", "-f", "-", stdin=config_map("one", kit.namespace, a="1"))

    ret = _released(salt, kit, _part("ConfigMap", "one", kit.namespace), test=testmode)

    assert (ret["result"], ret["changes"], kit.verbs("configmaps")) == (True, {}, ["get"])


def test_two_managers_keep_apart(salt: SaltRunner, kit: Kit) -> None:
    """The whole object applied by its set, and two parts of it: neither takes from the other."""
    whole = config_map("one", kit.namespace, a="1")
    parts = {name: _part("ConfigMap", "one", kit.namespace, data={name: "x"}) for name in ("b", "c")}
    kit.apply([whole])
    for name, part in parts.items():
        salt.call("kube_objects.apply_fragment", part, f"manager-{name}")

    kit.apply([whole])
    assert kit.writes() == []
    salt.call("kube_objects.release_fragment", parts["b"], "manager-b")

    live = kit.core("configmaps", "one")
    assert live is not None and live["data"] == {"a": "1", "c": "x"}
    kit.apply([whole])
    assert kit.writes() == []


def test_values_of_secrets_are_not_shown(salt: SaltRunner, kit: Kit) -> None:
    kit.kubectl("create", "-f", "-", stdin=secret("one", kit.namespace, a="canary-old", b="canary"))
    part = _part("Secret", "one", kit.namespace, stringData={"a": "canary-new"})

    seen = [
        _applied(salt, kit, part, test=True),
        _applied(salt, kit, part, force_conflicts=True),
        _applied(salt, kit, part),
        _released(salt, kit, part),
    ]

    assert "canary" not in json.dumps(seen)
    live = kit.core("secrets", "one")
    assert live is not None and list(live["data"]) == ["b"]


@pytest.mark.parametrize(
    ("manager", "words"),
    [
        pytest.param("salt-cp-ingress", "needs a field manager of its own", id="that of whole objects"),
        pytest.param("", "a name of 1 to 128 printable characters", id="empty"),
        pytest.param("a\nb", "a name of 1 to 128 printable characters", id="two lines"),
    ],
)
def test_a_manager_that_cannot_be(salt: SaltRunner, kit: Kit, manager: str, words: str) -> None:
    part = _part("ConfigMap", "one", kit.namespace, data={"a": "2"})

    ret = _applied(salt, kit, part, manager=manager)

    assert ret["result"] is False
    assert words in ret["comment"]


def test_an_object_deleted_meanwhile_is_not_made_anew(kit: Kit) -> None:
    """The request names the UID of the object that was read."""
    body = _part("ConfigMap", "one", kit.namespace, data={"a": "1"})
    body["metadata"]["uid"] = "11111111-2222-3333-4444-555555555555"

    status, answer = kit.server.request(
        "PATCH",
        f"/api/v1/namespaces/{kit.namespace}/configmaps/one?fieldManager={MANAGER}",
        body,
        **{"Content-Type": "application/apply-patch+yaml"},
    )

    assert status == 409, answer
    assert kit.core("configmaps", "one") is None
