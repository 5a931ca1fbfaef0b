"""The Bootstrap configuration file: found, read, checked.

It is this project's own (``apiVersion: cp-ingress/v1``, every key known) or MetalK8s', of which only the
control-plane network and, for checks, the pod and Service networks are read; its other sections are left
alone.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cp_ingress_core.errors import ConfigError
from cp_ingress_core.findings import ABSENT, Findings
from cp_ingress_core.networks import Networks, parse_networks
from cp_ingress_core.sections import refuse_unknown
from cp_ingress_core.yaml_text import read_yaml

DEFAULT_PATH = "/etc/cp-ingress/bootstrap.yaml"
METALK8S_PATH = "/etc/metalk8s/bootstrap.yaml"
PATH_OPTION = "cp_ingress_bootstrap_file"

OWN_VERSION = "cp-ingress/v1"
METALK8S_VERSIONS = ("metalk8s.scality.com/v1alpha2", "metalk8s.scality.com/v1alpha3")
KIND = "BootstrapConfiguration"

# A real file has a few kilobytes; the bound keeps a wrong file from being read and parsed for minutes.
MAX_BYTES = 64 * 1024


def default_path() -> str:
    """Return the file to read when none is named: our own, or MetalK8s' where only that exists."""
    if not os.path.lexists(DEFAULT_PATH) and os.path.lexists(METALK8S_PATH):
        return METALK8S_PATH
    return DEFAULT_PATH


def load(path: str) -> Networks:
    """Read and check a Bootstrap file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Networks
        What it says; its ``ip`` is None when the file names none, which only external mode allows.

    Raises
    ------
    ConfigError
        With everything that is wrong, each error beginning with the file's path.
    """
    findings = Findings()
    content = _content(path, findings)
    if content is None:
        raise ConfigError(findings.errors)
    return parse(content, path)


def parse(content: bytes, path: str) -> Networks:
    """Check a Bootstrap file's content.

    Parameters
    ----------
    content
        The file's bytes.
    path
        Its path, for messages.

    Returns
    -------
    Networks
        As :func:`load` returns it; notes begin with the path as well.

    Raises
    ------
    ConfigError
        As :func:`load` raises it.
    """
    findings = Findings()
    networks = _networks(content, path, findings)
    if networks is None or findings.errors:
        raise ConfigError([_named(path, error) for error in findings.errors])
    return replace(networks, notes=tuple(_named(path, note) for note in networks.notes))


def _networks(content: bytes, path: str, findings: Findings) -> Networks | None:
    text = _text(content, path, findings)
    if text is None:
        return None
    document = read_yaml(text, path, findings)
    if document is None and findings.errors:
        return None
    return _document(document, path, findings)


def _named(path: str, text: str) -> str:
    return text if text.startswith(f"{path}: ") else f"{path}: {text}"


def _content(path: str, findings: Findings) -> bytes | None:
    """Read at most one byte more than allowed of a regular file."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):
            with open(path, "rb") as handle:
                return handle.read(MAX_BYTES + 1)
        problem = "this is a directory" if stat.S_ISDIR(mode) else "this is not a regular file"
    except OSError as err:
        problem = f"it cannot be read: {err.strerror or type(err).__name__}"
    except ValueError:
        problem = "this cannot be a path"
    findings.refuse_file(
        path if path.isprintable() else repr(path),
        problem,
        allowed=f"a readable Bootstrap file; where none is named, {DEFAULT_PATH} or else {METALK8S_PATH}",
        remedy=f"write the file, or name another as {PATH_OPTION} in Salt's configuration",
    )
    return None


def _text(content: bytes, path: str, findings: Findings) -> str | None:
    if len(content) > MAX_BYTES:
        findings.refuse_file(
            path,
            "this file is too large for a Bootstrap file",
            allowed=f"at most {MAX_BYTES} bytes",
            remedy="check that it is the right file",
        )
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        line = content.count(b"\n", 0, err.start) + 1
        findings.refuse_file(
            path,
            f"line {line} is not UTF-8",
            allowed="text in UTF-8",
            remedy="save the file in UTF-8",
        )
        return None


def _document(document: Any, path: str, findings: Findings) -> Networks | None:
    """Check a Bootstrap file's data."""
    if not isinstance(document, Mapping):
        findings.refuse_file(
            path,
            "the file is empty" if document is None else "this is YAML, but not a mapping",
            allowed=f"a mapping with the keys apiVersion, kind ({KIND}) and networks",
            remedy="write these keys",
        )
        return None
    _check_header(document, findings)
    metalk8s = document.get("apiVersion") != OWN_VERSION
    if not metalk8s:
        refuse_unknown(document, ("apiVersion", "kind", "networks"), "", ".", findings)
        section = document.get("networks")
        if isinstance(section, Mapping):
            refuse_unknown(section, ("controlPlane", "pods", "services"), "networks", ".", findings)
    else:
        _refuse_merges(document, findings)
    return parse_networks(document.get("networks"), findings, metalk8s=metalk8s)


def _check_header(document: Mapping[str, Any], findings: Findings) -> None:
    versions = (OWN_VERSION, *METALK8S_VERSIONS)
    for key, allowed in (("apiVersion", versions), ("kind", (KIND,))):
        found = document.get(key)
        if found not in allowed:
            findings.refuse(
                key,
                ABSENT if found is None else found,
                "this is not the header of a Bootstrap file",
                allowed=" or ".join(allowed),
                remedy=f"write {key}: {allowed[0]}, or name the right file",
            )


def _refuse_merges(document: Mapping[str, Any], findings: Findings) -> None:
    """Refuse merge keys where MetalK8s' own keys are allowed: what they bring in is not read."""
    for path, mapping in (("", document), ("networks", document.get("networks"))):
        if isinstance(mapping, Mapping) and "<<" in mapping:
            findings.refuse(
                f"{path}.<<" if path else "<<",
                mapping["<<"],
                "merge keys are not read here",
                allowed="keys written out",
                remedy="write the merged keys in their place",
            )
