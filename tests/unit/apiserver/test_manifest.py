"""The apiserver's manifest as data: flags, mounts, and other files that define its pod."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from cp_ingress_core.apiserver import manifest
from cp_ingress_core.errors import ApiserverError

PATH = "/etc/kubernetes/manifests/kube-apiserver.yaml"
FOLDER = "/etc/kubernetes/cp-ingress"


def pod(
    command: list[str] | None = None,
    args: list[str] | None = None,
    mounts: list[dict[str, Any]] | None = None,
    volumes: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "kube-apiserver", "image": "k/kube-apiserver:v1.36.3"}
    container["command"] = ["kube-apiserver", "--secure-port=6443"] if command is None else command
    container["volumeMounts"] = mounts or []
    if args is not None:
        container["args"] = args
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "kube-apiserver", "namespace": "kube-system"},
        "spec": {"containers": [{"name": "side"}, container], "volumes": volumes or []},
    }


def parsed(document: dict[str, Any]) -> manifest.Manifest:
    return manifest.parse(yaml.safe_dump(document), PATH, "kube-apiserver")


def mounted(host: str, path: str, kind: str = "DirectoryOrCreate", **more: str) -> dict[str, Any]:
    volume = {"name": "v", "hostPath": {"path": host, "type": kind}}
    return pod(mounts=[{"name": "v", "mountPath": path, **more}], volumes=[volume])


WHERE = [
    (["kube-apiserver", "--a=1"], None, ["kube-apiserver", "--a=1", "--x=y"], None, "flags in the command"),
    (["kube-apiserver"], ["--a=1"], ["kube-apiserver"], ["--a=1", "--x=y"], "flags in the arguments"),
    (["k", "--x=z"], ["--a=1", "--b=2"], ["k"], ["--a=1", "--b=2", "--x=y"], "flags in both"),
    (["k", "--x=y"], ["--a=1", "--b=2"], ["k", "--x=y"], ["--a=1", "--b=2"], "right where it is"),
]


@pytest.mark.parametrize(
    ("command", "args", "new_command", "new_args", "_"), WHERE, ids=[row[4] for row in WHERE]
)
def test_a_flag_is_set_where_the_flags_are(
    command: list[str], args: list[str] | None, new_command: list[str], new_args: list[str] | None, _: str
) -> None:
    container = parsed(pod(command, args)).with_flags({"x": ["y"]}).pod["spec"]["containers"][1]
    assert (container["command"], container.get("args")) == (new_command, new_args)


def test_all_else_survives_a_change() -> None:
    document = pod()
    document["metadata"]["annotations"] = {"a/b": "1", "date": "2026-01-01"}
    changed = yaml.safe_load(parsed(document).with_flags({"x": ["y"]}).with_directory(FOLDER).render())
    container = changed["spec"]["containers"][1]
    container["command"].remove("--x=y")
    container["volumeMounts"].pop()
    changed["spec"]["volumes"].pop()
    assert changed == document


MOUNTS = [
    (mounted(FOLDER, FOLDER), FOLDER, "the folder itself"),
    (mounted("/etc/kubernetes", "/k"), "/k/cp-ingress", "a folder above, elsewhere in the container"),
    (
        mounted(f"{FOLDER}/authentication.yaml", f"{FOLDER}/authentication.yaml", "File"),
        None,
        "the file alone",
    ),
    (mounted("/etc", "/etc", subPath="kubernetes"), None, "a part of a volume"),
    (pod(), None, "nothing"),
]


@pytest.mark.parametrize(("document", "inside", "_"), MOUNTS, ids=[row[2] for row in MOUNTS])
def test_a_folder_is_mounted_where_no_mount_shows_it(
    document: dict[str, Any], inside: str | None, _: str
) -> None:
    found = parsed(document)
    assert found.inside(FOLDER) == inside
    changed = found.with_directory(FOLDER)
    assert (changed is found) == (inside is not None)
    assert changed.inside(FOLDER) == (inside or FOLDER)
    assert changed.with_directory(FOLDER) is changed


def test_another_folder_takes_the_place_of_the_earlier_one() -> None:
    changed = parsed(pod()).with_directory("/old").with_directory(FOLDER)
    assert changed.mount == (FOLDER, FOLDER)
    assert [volume["hostPath"]["path"] for volume in changed.pod["spec"]["volumes"]] == [FOLDER]


REFUSED = [
    ("[", "is not the manifest of one Pod", "not YAML"),
    ("a: 1\n---\nb: 2\n", "is not the manifest of one Pod", "two documents"),
    (yaml.safe_dump({"kind": "List"}), "is not the manifest of one Pod", "another kind"),
    (
        yaml.safe_dump(pod()).replace("kube-apiserver\n", "x\n"),
        "has no container kube-apiserver",
        "another name",
    ),
    (yaml.safe_dump(pod(["/bin/sh", "-c", "kube-apiserver --a=1"])), "has no flags", "a shell command"),
]


@pytest.mark.parametrize(("text", "words", "_"), REFUSED, ids=[row[2] for row in REFUSED])
def test_what_cannot_be_edited_is_refused(text: str, words: str, _: str) -> None:
    with pytest.raises(ApiserverError, match=words):
        manifest.parse(text, PATH, "kube-apiserver")


def other(**metadata: str) -> str:
    document = pod()
    document["metadata"] = metadata
    return yaml.safe_dump(document)


SAME = [
    (other(name="kube-apiserver", namespace="kube-system"), True, "a copy"),
    (other(name="kube-apiserver"), False, "another namespace"),
    (other(name="etcd", namespace="kube-system"), False, "another pod"),
    ("not: a pod", False, "no pod"),
    ("{", False, "not YAML"),
]


@pytest.mark.parametrize(("text", "same", "_"), SAME, ids=[row[2] for row in SAME])
def test_a_second_definition_of_the_pod_is_known(text: str, same: bool, _: str) -> None:
    assert manifest.defines(text, parsed(pod())) is same
