"""The helm program: found, checked for its version, and run without any of the user's own Helm set-up."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..errors import ChartError
from .files import make_folder, replacing

OLDEST = (3, 14)
NEWEST_MAJOR = 4
_VERSION = re.compile(r"v?(\d+)\.(\d+)(\.\S+)?")
_MEMO = "helm-versions.json"
_MORE_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/snap/bin")
_ANSWER_SECONDS = 30.0


def find_helm(helm: str | None = None) -> Path:
    """Return the helm program: ``helm`` itself when given, else the first on PATH and in the usual folders.

    Raises :class:`ChartError` saying where it was looked for and how to name it.
    """
    if helm:
        found = shutil.which(helm, path=os.defpath) if "/" in helm else None
        if found is None:
            raise ChartError(
                f"helm is set to {helm!r}, which is not the path of an executable file; "
                "correct cp_ingress:helm in pillar (the helm argument)",
                reason="HelmMissing",
            )
        return Path(found)
    folders = list(dict.fromkeys([*os.environ.get("PATH", "").split(os.pathsep), *_MORE_FOLDERS]))
    searched = [folder for folder in folders if folder]
    found = shutil.which("helm", path=os.pathsep.join(searched))
    if found is None:
        raise ChartError(
            f"helm was not found in {', '.join(searched)}; install helm {OLDEST[0]}.{OLDEST[1]} or later "
            "there, or set cp_ingress:helm in pillar (the helm argument) to its path",
            reason="HelmMissing",
        )
    return Path(found)


def helm_version(helm: Path, memo_dir: Path) -> str:
    """Return the version of ``helm`` (``v4.1.0``), asking it once per path, change time and size.

    Raises :class:`ChartError` when it is older than 3.14 or newer than what is known to work.
    """
    stat = helm.stat()
    key = f"{helm.resolve()} {stat.st_mtime_ns} {stat.st_size}"
    make_folder(memo_dir, 0o700)
    memo = memo_dir / _MEMO
    known = _read_memo(memo)
    if key not in known:
        version = run_helm(helm, ["version", "--template", "{{.Version}}"], timeout=_ANSWER_SECONDS).strip()
        _check_version(helm, version)
        # One entry is enough: a machine has one helm.
        known = {key: version}
        with replacing(memo, 0o600) as temporary:
            temporary.write_text(json.dumps(known), encoding="utf-8")
    return known[key]


def run_helm(
    helm: Path, arguments: Sequence[str], *, stdin: str = "", timeout: float, what: str = "helm"
) -> str:
    """Run helm and return what it prints.

    It sees no configuration, plugins, repositories or kubeconfig of the user: every machine renders alike.
    Raises :class:`ChartError` with helm's own message when it fails, or when ``timeout`` seconds are over.
    """
    with tempfile.TemporaryDirectory(prefix="cp-ingress-helm-") as home:
        try:
            done = subprocess.run(
                [str(helm), *arguments],
                input=stdin,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=timeout,
                env=_environment(home),
                cwd=home,
                check=False,
            )
        except subprocess.TimeoutExpired as exc:
            raise ChartError(
                f"{what}: {helm} {arguments[0]} did not end within {timeout:g} s", reason="HelmFailed"
            ) from exc
        except OSError as exc:
            raise ChartError(
                f"{what}: {helm} cannot be run: {exc.strerror}; install a helm built for this machine",
                reason="HelmFailed",
            ) from exc
    if done.returncode != 0:
        message = done.stderr.strip() or f"exit code {done.returncode} without a message"
        raise ChartError(f"{what}: helm {arguments[0]} failed: {message}", reason="HelmFailed")
    return done.stdout


def _environment(home: str) -> dict[str, str]:
    folders = {
        "HELM_CACHE_HOME": "cache",
        "HELM_CONFIG_HOME": "config",
        "HELM_DATA_HOME": "data",
        "HELM_PLUGINS": "plugins",
        "HELM_REPOSITORY_CACHE": "cache/repository",
        "HELM_REPOSITORY_CONFIG": "config/repositories.yaml",
        "HELM_REGISTRY_CONFIG": "config/registry.json",
    }
    private = {name: f"{home}/{below}" for name, below in folders.items()}
    # No server can be asked by accident: rendering depends on the arguments alone.
    private["KUBECONFIG"] = f"{home}/no-kubeconfig"
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "LANG": "C.UTF-8", **private}


def _check_version(helm: Path, version: str) -> None:
    match = _VERSION.fullmatch(version)
    if match is None:
        raise ChartError(
            f"{helm} does not answer like helm: its version is {version[:80]!r}; "
            "set cp_ingress:helm in pillar to the path of helm",
            reason="HelmUnsupported",
        )
    numbers = (int(match.group(1)), int(match.group(2)))
    if numbers < OLDEST or numbers[0] > NEWEST_MAJOR:
        raise ChartError(
            f"{helm} is version {version}; needed is {OLDEST[0]}.{OLDEST[1]} or later, "
            f"up to {NEWEST_MAJOR}.x: install one, or set cp_ingress:helm in pillar to its path",
            reason="HelmUnsupported",
        )


def _read_memo(memo: Path) -> dict[str, str]:
    try:
        known = json.loads(memo.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in known.items()} if isinstance(known, dict) else {}
