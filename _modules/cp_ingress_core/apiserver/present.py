"""What this node's files say: the apiserver's manifest and its structured file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from cp_ingress_core.apiserver import authentication_config as structured
from cp_ingress_core.apiserver import files, oidc_flags
from cp_ingress_core.apiserver import flags as command_line
from cp_ingress_core.apiserver import manifest as manifests
from cp_ingress_core.apiserver.options import CONFIG_FILE, Options
from cp_ingress_core.apiserver.wanted import Claims, Issuer
from cp_ingress_core.errors import ApiserverError


@dataclass(frozen=True)
class Present:
    """The files as they are.

    ``manifest`` is None where none is managed; ``config_path`` is where the structured file is or would be,
    ``config`` None where there is none; ``ca_pem`` is the CA in use, "" where none is known.
    """

    manifest: manifests.Manifest | None
    manifest_text: str
    config_path: str
    config: structured.AuthenticationFile | None
    ca_pem: str = ""

    @property
    def flags(self) -> dict[str, list[str]]:
        """The apiserver's flags; none where no manifest is managed."""
        return self.manifest.flags if self.manifest else {}

    @property
    def method(self) -> str:
        """How the issuer is set now: ``structured``, ``flags`` or ``none``."""
        if oidc_flags.STRUCTURED in self.flags or (self.manifest is None and self.config is not None):
            return "structured"
        return "flags" if oidc_flags.present(self.flags) else "none"

    @property
    def issuers(self) -> list[str]:
        """The issuers that the files name."""
        if self.method == "structured":
            return self.config.issuers if self.config else []
        return [value for value in self.flags.get(oidc_flags.ISSUER, [])[-1:] if value]

    def claims(self, issuers: tuple[Issuer, ...]) -> Claims | None:
        """Return how tokens become users now; None where there is no issuer of ours."""
        from_flags = oidc_flags.claims(self.flags)
        if from_flags is not None:
            return from_flags
        return self.config.claims(issuers) if self.config else None

    def to_dict(self) -> dict[str, Any]:
        """Return what an operator wants to know."""
        shown = [*oidc_flags.present(self.flags), oidc_flags.STRUCTURED]
        return {
            "method": self.method,
            "issuers": self.issuers,
            "ours": list(self.config.ours) if self.config and self.method == "structured" else self.issuers,
            "flags": {name: self.flags[name] for name in shown if name in self.flags},
            "manifest": self.manifest.path if self.manifest else None,
            "config_file": self.config_path if self.config else None,
        }


def read(options: Options) -> Present:
    """Read the files of this node.

    Raises ApiserverError when one is unreadable, foreign, or contradicts another: two files that define the
    apiserver's pod, or ``--oidc-*`` flags beside ``--authentication-config``.
    """
    if not options.manage_manifest:
        path = f"{options.config_dir}/{CONFIG_FILE}"
        found = _config(path)
        return Present(None, "", path, found, _ca_of(found))
    text = files.read(options.manifest)
    if text is None:
        raise ApiserverError(
            f"there is no {options.manifest}: set cp_ingress:apiserver:manifest, or manage_manifest to false"
            " where the apiserver is no static pod",
            reason="NoManifest",
        )
    manifest = manifests.parse(text, options.manifest, options.container)
    _refuse_second(manifest)
    return _with_config(manifest, text, options)


def _refuse_second(manifest: manifests.Manifest) -> None:
    others = files.same_pod(manifest)
    if others:
        raise ApiserverError(
            f"{', '.join(others)}: this defines the apiserver's pod a second time, and the kubelet may run"
            f" it instead of {manifest.path}: move it out of that folder",
            reason="SecondManifest",
            files=others,
        )


def _with_config(manifest: manifests.Manifest, text: str, options: Options) -> Present:
    flags = manifest.flags
    used = command_line.last(flags, oidc_flags.STRUCTURED)
    if used and oidc_flags.present(flags):
        raise ApiserverError(
            f"{manifest.path} has --{oidc_flags.STRUCTURED} and --{', --'.join(oidc_flags.present(flags))}:"
            " an apiserver does not start with both; remove those that are not wanted",
            reason="FlagsAndFile",
        )
    if not used:
        path = f"{options.config_dir}/{CONFIG_FILE}"
        return Present(manifest, text, path, _config(path), _ca_of_flags(manifest))
    path = _used_file(manifest, used, options)
    found = _config(path)
    return Present(manifest, text, path, found, _ca_of(found))


def _used_file(manifest: manifests.Manifest, used: str, options: Options) -> str:
    """Return the host's path of the structured file in use, when it is one that may be edited."""
    path = manifest.outside(used)
    folder = str(PurePosixPath(path or used).parent)
    if path is None or folder != options.config_dir.rstrip("/"):
        raise ApiserverError(
            f"{manifest.path} has --{oidc_flags.STRUCTURED}={used}, which is not in {options.config_dir}: to"
            f" have our issuers added to that file, set cp_ingress:apiserver:config_dir to {folder}",
            reason="ForeignFile",
        )
    if manifest.inside(folder) is None:
        raise ApiserverError(
            f"{manifest.path} mounts the file {path} alone, so the apiserver would never see a new one: mount"
            f" the folder {folder} instead",
            reason="SingleFileMount",
        )
    return path


def _config(path: str) -> structured.AuthenticationFile | None:
    text = files.read(path)
    return None if text is None else structured.parse(text, path)


def _ca_of(found: structured.AuthenticationFile | None) -> str:
    mine = found.mine(()) if found else []
    return str(mine[-1]["issuer"].get("certificateAuthority") or "") if mine else ""


def _ca_of_flags(manifest: manifests.Manifest) -> str:
    used = command_line.last(manifest.flags, oidc_flags.CA_FILE)
    path = manifest.outside(used) if used else None
    return (files.read(path) or "") if path else ""
