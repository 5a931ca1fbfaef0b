"""Another endpoint in a Bootstrap file: written as data, whole or not at all, the earlier file kept."""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
from collections.abc import Mapping
from typing import Any

import yaml

from cp_ingress_core import bootstrap
from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.errors import ConfigError

KEPT = ".before-rollback"


def with_endpoint(document: Mapping[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """Return the file's data with mode and IP of `endpoint`, everything else as it was."""
    changed: dict[str, Any] = copy.deepcopy(dict(document))
    section = changed["networks"]["controlPlane"]
    if not isinstance(section, dict):  # MetalK8s also takes a CIDR alone
        section = changed["networks"]["controlPlane"] = {"cidr": section}
    section["metalLB"] = {**(section.get("metalLB") or {}), "enabled": endpoint.mode == "metallb"}
    section["ingress"] = {**(section.get("ingress") or {}), "ip": endpoint.ip}
    return changed


def write(path: str, endpoint: Endpoint) -> str:
    """Write mode and IP of `endpoint` into the Bootstrap file; return the path of the earlier one's copy.

    Comments are in the copy alone. Owner and permissions stay. Raises ConfigError when the file, or what it
    would become, is refused: nothing is written then.
    """
    with open(path, encoding="utf-8-sig") as stream:
        document = yaml.safe_load(stream)
    text = yaml.safe_dump(with_endpoint(document, endpoint), sort_keys=False)
    bootstrap.parse(text.encode(), path)
    kept = f"{path}{KEPT}"
    try:
        shutil.copy2(path, kept)
        _replace(path, text)
    except OSError as err:
        raise ConfigError([f"{path}: it cannot be written: {err.strerror}. Remedy: run as root"]) from err
    return kept


def _replace(path: str, text: str) -> None:
    found = os.stat(path)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".bootstrap-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, found.st_mode & 0o7777)
        os.chown(temporary, found.st_uid, found.st_gid)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
