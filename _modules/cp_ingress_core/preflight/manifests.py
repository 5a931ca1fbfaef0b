"""The static pods' folder of this node, and the apiservers' ways of authentication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cp_ingress_core.preflight.model import Finding, Objects, error, name_of, warning

APISERVER = "kube-apiserver"


@dataclass(frozen=True)
class StaticPod:
    """A file that the kubelet reads as a static pod; ``pod`` is ``namespace/name``, "" where it is no pod."""

    path: str
    pod: str


def commands(pods: Objects) -> dict[str, tuple[str, ...]]:
    """Return the command lines of the apiservers among Pods, by the Pods' names."""
    found = {}
    for pod in pods:
        for container in pod["spec"].get("containers") or []:
            if container.get("name") == APISERVER:
                parts = [*(container.get("command") or []), *(container.get("args") or [])]
                found[name_of(pod)] = tuple(map(str, parts))
    return found


def check_folder(files: Sequence[StaticPod]) -> list[Finding]:
    """Tell of files that the kubelet reads and that should not be where they are.

    It reads every file whose name does not begin with a dot, whatever its end: a copy defines the same pod.
    """
    by_pod: dict[str, list[str]] = {}
    for file in files:
        if file.pod:
            by_pod.setdefault(file.pod, []).append(file.path)
    remedy = (
        "move it out of that folder; a copy next to the original, of whatever name, is read by the kubelet"
    )
    doubles = [
        warning("foreign-manifest", f"{' and '.join(paths)} define the same pod {pod}", remedy)
        for pod, paths in by_pod.items()
        if len(paths) > 1
    ]
    return doubles + [
        warning(
            "foreign-manifest", f"{file.path} is no pod, and the kubelet tries it again and again", remedy
        )
        for file in files
        if not file.pod
    ]


def check_authentication(commands: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Refuse an apiserver that has both OIDC flags and a structured file: it does not start.

    commands
        The apiservers' command lines, by where they were found.
    """
    findings = []
    for place, command in sorted(commands.items()):
        names = {argument.partition("=")[0] for argument in command}
        flags = sorted(name for name in names if name.startswith("--oidc-"))
        if flags and "--authentication-config" in names:
            findings.append(
                error(
                    "oidc-flags-and-file",
                    f"{place} has {flags[0]} and --authentication-config: the apiserver refuses to start with"
                    " both",
                    "remove the --oidc-* flags, or the file's flag, from the manifest and from"
                    " kubeadm-config",
                )
            )
    return findings
