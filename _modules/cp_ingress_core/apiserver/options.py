"""Where an apiserver's files lie and how its change is made: the arguments that are no issuer's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from pathlib import PurePosixPath
from typing import Any

from cp_ingress_core.apiserver.wanted import METHODS, url_problem
from cp_ingress_core.findings import Findings

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
CONFIG_DIR = "/etc/kubernetes/cp-ingress"
BACKUP_DIR = "/var/lib/cp-ingress/apiserver"
CONTAINER = "kube-apiserver"
TIMEOUT = 180

CONFIG_FILE = "authentication.yaml"
CA_PREFIX = "oidc-ca-"


@dataclass(frozen=True)
class Options:
    """The apiserver of this node.

    ``server`` is its URL, None to read it from the manifest; ``timeout`` is in seconds, for each wait.
    """

    method: str = "auto"
    manifest: str = MANIFEST
    container: str = CONTAINER
    manage_manifest: bool = True
    config_dir: str = CONFIG_DIR
    backup_dir: str = BACKUP_DIR
    server: str | None = None
    timeout: int = TIMEOUT
    token_file: str | None = None

    def ca_file(self, ca_pem: str) -> str:
        """Return where a CA lies beside the configuration.

        Its digest is in the name: flags name the file, which the apiserver reads once, when it starts.
        """
        return f"{self.config_dir}/{CA_PREFIX}{hashlib.sha256(ca_pem.encode()).hexdigest()[:8]}.crt"

    def backup(self, path: str, kind: str) -> str:
        """Return where a file's earlier content is kept: ``pending`` during a change, then ``previous``."""
        return f"{self.backup_dir}/{PurePosixPath(path).name}.{kind}"


def parse(**given: Any) -> Options:
    """Check options by name (None: the default); raises ConfigError with every finding."""
    findings = Findings()
    values = {name: value for name, value in given.items() if value is not None}
    for name in ("manifest", "config_dir", "backup_dir", "token_file"):
        if name in values and not (isinstance(values[name], str) and values[name].startswith("/")):
            findings.refuse(
                name, values[name], "this is no path", allowed="an absolute path", remedy="write it from /"
            )
    if values.get("method", "auto") not in METHODS:
        findings.refuse(
            "method",
            values["method"],
            "there is no such method",
            allowed=" or ".join(METHODS),
            remedy="leave it out for auto",
        )
    timeout = values.get("timeout", TIMEOUT)
    if isinstance(timeout, bool) or not isinstance(timeout, int) or timeout < 1:
        findings.refuse(
            "timeout", timeout, "this is no time", allowed="whole seconds", remedy="leave it out for 180"
        )
    if "server" in values and (why := url_problem(values["server"])):
        findings.refuse(
            "server", values["server"], why, allowed="https://HOST:PORT", remedy="leave it out if you can"
        )
    if values.get("method") == "flags" and values.get("manage_manifest") is False:
        findings.refuse(
            "method",
            "flags",
            "flags stand in the manifest, which manage_manifest: false leaves alone",
            allowed="auto or structured",
            remedy="leave method out",
        )
    findings.raise_errors()
    options = Options(
        **{name: values[name] for name in (each.name for each in fields(Options)) if name in values}
    )
    _check_folders(options, findings)
    findings.raise_errors()
    return options


def _check_folders(options: Options, findings: Findings) -> None:
    """The kubelet runs whatever lies in the manifests' folder."""
    manifests = PurePosixPath(options.manifest).parent
    for name in ("config_dir", "backup_dir"):
        folder = PurePosixPath(getattr(options, name))
        if options.manage_manifest and folder.is_relative_to(manifests):
            findings.refuse(
                name,
                str(folder),
                f"the kubelet reads {manifests}",
                allowed="a folder outside of it",
                remedy="leave it out for the default",
            )
