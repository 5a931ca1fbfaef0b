"""The static pod manifest of an apiserver, as data: its flags, its mounts, other files that define its pod.

Reads and writes no files itself.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

from cp_ingress_core.apiserver import flags as command_line
from cp_ingress_core.errors import ApiserverError

VOLUME = "cp-ingress-authentication"

_LISTS = ("command", "args")


@dataclass(frozen=True)
class Manifest:
    """A pod manifest and the container in it that is the apiserver."""

    pod: dict[str, Any]
    container: str
    path: str

    @property
    def flags(self) -> dict[str, list[str]]:
        """The apiserver's flags, with their values in order."""
        found: dict[str, list[str]] = {}
        for name in _LISTS:
            for flag, values in command_line.read(self._container().get(name) or []).items():
                found.setdefault(flag, []).extend(values)
        return found

    @property
    def image(self) -> str:
        """The container's image."""
        return str(self._container().get("image", ""))

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name of the pod."""
        return _key(self.pod)

    def _container(self) -> dict[str, Any]:
        return _container(self.pod, self.container)

    def with_flags(self, wanted: Mapping[str, Sequence[str]]) -> Manifest:
        """Return the manifest with other values for some flags (none: the flag goes)."""
        present = self.flags
        needed = {name: values for name, values in wanted.items() if list(values) != present.get(name, [])}
        pod = copy.deepcopy(self.pod)
        container = _container(pod, self.container)
        lists = [name for name in _LISTS if container.get(name)]
        # Flags stand where most of them stand already.
        home = max(lists, key=lambda name: len(command_line.read(container[name])))
        for name in lists:
            here = {flag: values if name == home else [] for flag, values in needed.items()}
            container[name] = command_line.changed(container[name], here)
        return Manifest(pod, self.container, self.path)

    def inside(self, folder: str) -> str | None:
        """Return where the container sees a folder of the host; None where no mount of a folder shows it.

        Ask for the folder of a file, never for the file: a mount of the file alone would show the old one
        after a rename.
        """
        volumes = {volume.get("name"): volume for volume in self.pod["spec"].get("volumes") or []}
        for mount in self._container().get("volumeMounts") or []:
            source = _directory(volumes.get(mount.get("name")))
            if source is None or mount.get("subPath") or mount.get("subPathExpr"):
                continue
            if PurePosixPath(folder).is_relative_to(source):
                rest = PurePosixPath(folder).relative_to(source)
                return str(PurePosixPath(mount["mountPath"]) / rest)
        return None

    def outside(self, path: str) -> str | None:
        """Return the host's path of a file that the container sees as `path`; None where it is no mount."""
        volumes = {volume.get("name"): volume for volume in self.pod["spec"].get("volumes") or []}
        for mount in self._container().get("volumeMounts") or []:
            host = ((volumes.get(mount.get("name")) or {}).get("hostPath") or {}).get("path")
            if host and not mount.get("subPath") and PurePosixPath(path).is_relative_to(mount["mountPath"]):
                return str(PurePosixPath(host) / PurePosixPath(path).relative_to(mount["mountPath"]))
        return None

    def with_directory(self, folder: str) -> Manifest:
        """Return the manifest with a read-only mount of a host's folder, at the same path.

        A folder that the container sees already needs none.
        """
        if self.inside(folder) is not None:
            return self
        pod = copy.deepcopy(self.pod)
        volume = {"name": VOLUME, "hostPath": {"path": folder, "type": "DirectoryOrCreate"}}
        mount = {"name": VOLUME, "mountPath": folder, "readOnly": True}
        _put(pod["spec"], "volumes", volume)
        _put(_container(pod, self.container), "volumeMounts", mount)
        return Manifest(pod, self.container, self.path)

    @property
    def mount(self) -> tuple[str, str] | None:
        """Host's and container's path of the mount that is ours; None where there is none."""
        for volume in self.pod["spec"].get("volumes") or []:
            if volume.get("name") == VOLUME:
                path = str(volume["hostPath"]["path"])
                return path, self.inside(path) or path
        return None

    def render(self) -> str:
        """Return the manifest as YAML."""
        return yaml.safe_dump(self.pod, sort_keys=False, default_flow_style=False, width=1000)


def parse(text: str, path: str, container: str) -> Manifest:
    """Read a manifest.

    text
        The file's content, YAML or JSON.
    path
        Its path, for messages.
    container
        Name of the container that is the apiserver.

    Raises ApiserverError when it is not one pod with that container, or when the flags are hidden in a shell
    command.
    """
    pod = _pod(text)
    if pod is None:
        raise ApiserverError(
            f"{path} is not the manifest of one Pod: name the apiserver's in cp_ingress:apiserver:manifest,"
            " or set manage_manifest to false where it is no static pod",
            reason="NotAManifest",
        )
    names = [found.get("name") for found in pod["spec"]["containers"] if isinstance(found, dict)]
    if container not in names:
        raise ApiserverError(
            f"{path} has no container {container}, it has {', '.join(map(str, names)) or 'none'}:"
            " set cp_ingress:apiserver:container",
            reason="NoContainer",
        )
    found = _container(pod, container)
    lists = [found.get(name) for name in _LISTS if found.get(name)]
    if not any(command_line.read(each) for each in lists if isinstance(each, list)):
        raise ApiserverError(
            f"{path}: container {container} has no flags in command or args (are they in a shell command?):"
            " pass them as a list, one argument each",
            reason="NoFlags",
        )
    return Manifest(pod, container, path)


def defines(text: str, manifest: Manifest) -> bool:
    """Say whether a file's content defines the same pod as `manifest`; what is no pod does not."""
    pod = _pod(text)
    return pod is not None and _key(pod) == manifest.key


def _pod(text: str) -> dict[str, Any] | None:
    try:
        pod = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(pod, dict) or pod.get("kind") != "Pod" or not isinstance(pod.get("spec"), dict):
        return None
    containers = pod["spec"].get("containers")
    return pod if isinstance(containers, list) and isinstance(pod.get("metadata"), dict) else None


def _key(pod: Mapping[str, Any]) -> tuple[str, str]:
    metadata = pod["metadata"]
    return str(metadata.get("namespace") or "default"), str(metadata.get("name"))


def _container(pod: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = [each for each in pod["spec"]["containers"] if each.get("name") == name]
    container: dict[str, Any] = found[0]
    return container


def _directory(volume: Mapping[str, Any] | None) -> str | None:
    """Return the folder that a volume mounts from the host; None for other volumes and for single files."""
    source = (volume or {}).get("hostPath") or {}
    return source.get("path") if source.get("type", "") in ("", "Directory", "DirectoryOrCreate") else None


def _put(parent: dict[str, Any], key: str, entry: dict[str, Any]) -> None:
    """Put an entry into a list of named entries, in place of one of that name."""
    entries = [each for each in parent.get(key) or [] if each.get("name") != entry["name"]]
    parent[key] = [*entries, entry]
