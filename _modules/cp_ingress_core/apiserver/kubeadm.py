"""kubeadm's ClusterConfiguration, kept in step with the manifest, so that an upgrade keeps the issuer.

kubeadm writes the manifest anew from it: what is only in the manifest is lost at the next upgrade.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from cp_ingress_core.apiserver.manifest import VOLUME
from cp_ingress_core.errors import ApiserverError

NAMESPACE, NAME, KEY = "kube-system", "kubeadm-config", "ClusterConfiguration"
MAPPINGS = ("kubeadm.k8s.io/v1beta3",)
LISTS = ("kubeadm.k8s.io/v1beta4",)
READ_ONLY = ("kubeadm.k8s.io/v1",)


def edited(text: str, flags: Mapping[str, Sequence[str]], mount: tuple[str, str] | None) -> str:
    """Return a ClusterConfiguration whose apiserver has these flags; the very text when it has them.

    text
        What the ConfigMap holds.
    flags
        Values by name; a name without values is removed.
    mount
        Host's and container's path of the folder that is mounted for us; None for none.

    Raises ApiserverError when the format is unknown, or is one that is only read and the flags differ.
    """
    document = _parse(text)
    version = str(document.get("apiVersion"))
    if version not in (*MAPPINGS, *LISTS, *READ_ONLY):
        raise _unknown(f"its apiVersion {version} is unknown")
    result = copy.deepcopy(document)
    server = result.get("apiServer") or {}
    arguments = server.get("extraArgs")
    if version in MAPPINGS:
        server["extraArgs"] = _mapping(arguments or {}, flags)
    else:
        server["extraArgs"] = _list(arguments or [], flags)
    server["extraVolumes"] = _volumes(server.get("extraVolumes") or [], mount)
    for key in ("extraArgs", "extraVolumes"):
        if not server[key]:
            del server[key]
    if server or "apiServer" in result:
        result["apiServer"] = server
    if result == document:
        return text
    if version in READ_ONLY:
        raise _unknown(f"{version} is not written yet")
    return yaml.safe_dump(result, sort_keys=False, default_flow_style=False, width=1000)


def flags(text: str) -> dict[str, list[str]]:
    """Return the apiserver's extra flags, with their values in order."""
    arguments = (_parse(text).get("apiServer") or {}).get("extraArgs") or {}
    if isinstance(arguments, Mapping):
        return {str(name): [str(value)] for name, value in arguments.items()}
    found: dict[str, list[str]] = {}
    for argument in arguments:
        found.setdefault(str(argument["name"]), []).append(str(argument["value"]))
    return found


def config_map(text: str) -> dict[str, Any]:
    """Return the ConfigMap with nothing in it but what we set."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "data": {KEY: text},
    }


def _parse(text: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        document = None
    if not isinstance(document, dict) or document.get("kind") != KEY:
        raise _unknown(f"it holds no {KEY}")
    return document


def _mapping(arguments: Mapping[str, str], flags: Mapping[str, Sequence[str]]) -> dict[str, str]:
    several = [name for name, values in flags.items() if len(values) > 1]
    if several:
        raise _unknown(f"its format takes --{several[0]} once only")
    kept = {name: value for name, value in arguments.items() if flags.get(name, True)}
    return {**kept, **{name: values[0] for name, values in flags.items() if values}}


def _list(arguments: Sequence[Mapping[str, str]], flags: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    result: list[dict[str, str]] = []
    placed: set[str] = set()
    for argument in arguments:
        name = argument["name"]
        if name not in flags:
            result.append(dict(argument))
        elif name not in placed:
            placed.add(name)
            result += [{"name": name, "value": value} for value in flags[name]]
    for name, values in flags.items():
        if name not in placed:
            result += [{"name": name, "value": value} for value in values]
    return result


def _volumes(volumes: Sequence[Mapping[str, Any]], mount: tuple[str, str] | None) -> list[dict[str, Any]]:
    if mount is None:
        return [dict(volume) for volume in volumes if volume.get("name") != VOLUME]
    wanted = {
        "name": VOLUME,
        "hostPath": mount[0],
        "mountPath": mount[1],
        "readOnly": True,
        "pathType": "DirectoryOrCreate",
    }
    if any(volume.get("name") == VOLUME for volume in volumes):
        return [wanted if volume.get("name") == VOLUME else dict(volume) for volume in volumes]
    return [*(dict(volume) for volume in volumes), wanted]


def _unknown(why: str) -> ApiserverError:
    return ApiserverError(
        f"ConfigMap {NAMESPACE}/{NAME} cannot be kept in step: {why}. The apiserver itself is set; give"
        " the same flags under apiServer.extraArgs with `kubectl -n kube-system edit cm kubeadm-config`, or"
        " the next kubeadm upgrade loses them",
        reason="KubeadmConfigUnknown",
    )
