"""What callers hand over, as SLS files and the command line spell it, turned into typed values."""

from __future__ import annotations

import base64
from typing import Any

from cp_ingress_core.errors import ObjectError
from cp_ingress_core.kube.applyset import Parent
from cp_ingress_core.kube.masking import mask
from cp_ingress_core.kube.options import Options

_LISTS = ("prune_kinds", "takeover")
_SWITCHES = ("test", "prune", "wait", "force_conflicts")


def documents(objects: Any) -> list[Any]:
    """Return the manifests of an ``objects`` argument: a list, one manifest, or the path of a YAML file."""
    if isinstance(objects, str):
        return _read_file(objects)
    if isinstance(objects, dict):
        return [objects]
    if not isinstance(objects, list | tuple):
        raise ObjectError(f"objects must be a list of manifests or a file, not {type(objects).__name__}")
    return list(objects)


def _read_file(path: str) -> list[Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with open(path, encoding="utf-8") as stream:
            return list(yaml.load_all(stream, Loader=loader))
    except OSError as err:
        raise ObjectError(f"objects: {path} cannot be read: {err.strerror}") from None
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise ObjectError(f"objects: {path} is not YAML{where}") from None


def options(**given: Any) -> Options:
    """Return the checked options; a list may come as one word from the command line."""
    for name in _LISTS:
        if name in given:
            given[name] = frozenset(_names(name, given[name]))
    if not isinstance(given.get("recreate", False), bool):
        given["recreate"] = frozenset(_names("recreate", given["recreate"]))
    for name in _SWITCHES:
        if name in given:
            given[name] = switch(name, given[name])
    return Options(**given)


def set_ids(names: Any, namespace: str) -> frozenset[str]:
    """Return the ids of the ApplySets with these names, whose parents are in `namespace`."""
    return frozenset(Parent(name, namespace).id for name in _names("gone_before", names))


def switch(name: str, value: Any) -> bool:
    """Return a boolean argument; raises ObjectError for anything else."""
    if isinstance(value, bool):
        return value
    raise ObjectError(f"{name} must be True or False, not {value!r}", reason="InvalidOption")


def _names(name: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return list(value)
    raise ObjectError(f"{name} must be a list of names, not {value!r}", reason="InvalidOption")


def shown(obj: dict[str, Any]) -> dict[str, Any]:
    """Return an object fit to be seen: Secret values masked, and without the server's bookkeeping.

    The certificates of a TLS Secret are public, and needed to judge them; a key that slipped in is not shown.
    """
    masked = mask(obj) or {}
    if obj.get("kind") == "Secret" and obj.get("type") == "kubernetes.io/tls":
        for name in ("tls.crt", "ca.crt"):
            value = (obj.get("data") or {}).get(name)
            if value and b"PRIVATE KEY" not in base64.b64decode(value):
                masked["data"][name] = value
    metadata = {key: value for key, value in masked["metadata"].items() if key != "managedFields"}
    return {**masked, "metadata": metadata}
