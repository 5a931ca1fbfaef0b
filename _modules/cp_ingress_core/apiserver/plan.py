"""From what is there and what is wanted to the files as they shall be; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from cp_ingress_core.apiserver import authentication_config as structured
from cp_ingress_core.apiserver import kubeadm, oidc_flags
from cp_ingress_core.apiserver.manifest import Manifest
from cp_ingress_core.apiserver.options import Options
from cp_ingress_core.apiserver.present import Present
from cp_ingress_core.apiserver.validation import holds_certificates
from cp_ingress_core.apiserver.wanted import Claims, Issuer, Wanted
from cp_ingress_core.errors import ApiserverError

STRUCTURED_SINCE = (1, 30)


@dataclass(frozen=True)
class Plan:
    """The files as they shall be, and what that changes.

    ``config`` is the structured file, None where flags are used; ``manifest`` None where none is managed.
    """

    method: str
    issuers: tuple[Issuer, ...]
    claims: Claims
    ca_pem: str
    config_path: str
    config: structured.AuthenticationFile | None
    manifest: Manifest | None
    restarts: bool
    changes: dict[str, Any]
    warnings: tuple[str, ...] = ()

    def kubeadm(self, text: str) -> str:
        """Return a ClusterConfiguration kept in step with the manifest."""
        if self.manifest is None:
            return text
        flags = self.manifest.flags
        names = {oidc_flags.STRUCTURED, *oidc_flags.NAMES, *oidc_flags.present(flags)}
        names |= set(oidc_flags.present(kubeadm.flags(text)))
        order = [name for name in (oidc_flags.STRUCTURED, *oidc_flags.NAMES) if name in names]
        order += sorted(names - set(order))
        return kubeadm.edited(text, {name: flags.get(name, []) for name in order}, self.manifest.mount)


def choose(method: str, version: tuple[int, int], options: Options) -> str:
    """Return the method for a server of a version (major, minor); raises ApiserverError for one it lacks."""
    if method == "auto" and options.manage_manifest:
        return "structured" if version >= STRUCTURED_SINCE else "flags"
    if method != "flags" and version < STRUCTURED_SINCE:
        raise ApiserverError(
            f"Kubernetes {version[0]}.{version[1]} reads no structured file without a feature gate (1.30 and"
            " later do): set cp_ingress:apiserver:method to flags",
            reason="VersionTooOld",
        )
    return "structured" if method == "auto" else method


def make(present: Present, wanted: Wanted, options: Options, version: tuple[int, int]) -> Plan:
    """Decide what the files shall be.

    Raises ApiserverError when something that is set has no equivalent, ConfigError when the client is
    unknown.
    """
    method = choose(options.method, version, options)
    claims = wanted.claims(present.claims(wanted.issuers))
    ca_pem = _ca(wanted, present)
    if method == "structured":
        return _structured(present, wanted, claims, ca_pem, options, version)
    return _flags(present, wanted, claims, ca_pem, options)


def _ca(wanted: Wanted, present: Present) -> str:
    text = (wanted.ca_pem or present.ca_pem).strip()
    if text and not holds_certificates(text):
        raise ApiserverError(
            "the issuer's CA is not PEM with certificates: give ca_pem or ca_file one that begins with"
            " -----BEGIN CERTIFICATE-----",
            reason="InvalidCa",
        )
    if not text and oidc_flags.CA_FILE in present.flags:
        raise ApiserverError(
            f"--{oidc_flags.CA_FILE}={present.flags[oidc_flags.CA_FILE][-1]} cannot be read on this node:"
            " give ca_pem or ca_file",
            reason="InvalidCa",
        )
    return f"{text}\n" if text else ""


def _structured(
    present: Present,
    wanted: Wanted,
    claims: Claims,
    ca_pem: str,
    options: Options,
    version: tuple[int, int],
) -> Plan:
    lost = oidc_flags.without_equivalent(present.flags)
    if lost:
        raise ApiserverError(
            f"{', '.join(lost)}: a structured file has nothing like it (it takes every signing algorithm);"
            " remove the flag if that is fine, or set cp_ingress:apiserver:method to flags",
            reason="NoEquivalent",
        )
    config = structured.merged(
        present.config, wanted.issuers, claims, ca_pem, structured.api_version(version)
    )
    structured.refuse_invalid(
        config.document, present.config_path, present.flags.get("service-account-issuer", [])
    )
    manifest = present.manifest
    if manifest is not None:
        if config.document.get("anonymous") is not None and "anonymous-auth" in manifest.flags:
            raise ApiserverError(
                f"{present.config_path} configures anonymous access and {manifest.path} has --anonymous-auth:"
                " an apiserver does not start with both; remove one",
                reason="FlagsAndFile",
            )
        manifest = manifest.with_directory(options.config_dir)
        inside = manifest.inside(options.config_dir)
        path = f"{inside}/{PurePosixPath(present.config_path).name}"
        manifest = manifest.with_flags({**oidc_flags.none(manifest.flags), oidc_flags.STRUCTURED: [path]})
    return _plan(present, "structured", wanted.issuers, claims, ca_pem, config, manifest)


def _flags(present: Present, wanted: Wanted, claims: Claims, ca_pem: str, options: Options) -> Plan:
    if present.manifest is None:
        raise ApiserverError("flags stand in a manifest, and none is managed", reason="NoManifest")
    if present.method == "structured" and present.config is not None:
        _refuse_loss(present.config, present.config_path)
    # Old ones come first, and flags change when the issuer has moved.
    *others, issuer = wanted.issuers
    warnings = []
    if others:
        names = ", ".join(other.url for other in others)
        warnings.append(f"flags take one issuer: {issuer.url} is accepted, {names} is not")
    if issuer.discovery_url:
        warnings.append(f"flags take no discovery URL: {issuer.url} is asked itself")
    manifest, ca_file = present.manifest, None
    if ca_pem:
        manifest = manifest.with_directory(options.config_dir)
        ca_file = f"{manifest.inside(options.config_dir)}/{PurePosixPath(options.ca_file(ca_pem)).name}"
    manifest = manifest.with_flags(oidc_flags.written(issuer.url, claims, ca_file, manifest.flags))
    only = (Issuer(issuer.url),)
    return _plan(present, "flags", only, claims, ca_pem, None, manifest, tuple(warnings))


def _refuse_loss(found: structured.AuthenticationFile, path: str) -> None:
    """Refuse to leave a structured file that says what flags cannot."""
    foreign = [url for url in found.issuers if url not in found.ours]
    lost = [f"the issuer {url}" for url in foreign]
    if found.document.get("anonymous") is not None:
        lost.append("anonymous")
    for entry in found.mine(()):
        rules = [rule for rule in entry.get("claimValidationRules") or [] if rule.get("expression")]
        mappings = entry.get("claimMappings") or {}
        if (
            rules
            or entry.get("userValidationRules")
            or any(key in mappings for key in ("uid", "extra"))
            or any((mappings.get(key) or {}).get("expression") for key in ("username", "groups"))
        ):
            lost.append(f"the rules for {structured.url(entry)}")
    if lost:
        raise ApiserverError(
            f"{path} holds {', '.join(lost)}, which flags cannot express: remove that, or set"
            " cp_ingress:apiserver:method to structured",
            reason="NoEquivalent",
        )


def _plan(
    present: Present,
    method: str,
    issuers: tuple[Issuer, ...],
    claims: Claims,
    ca_pem: str,
    config: structured.AuthenticationFile | None,
    manifest: Manifest | None,
    warnings: tuple[str, ...] = (),
) -> Plan:
    changes: dict[str, Any] = {}
    if config is not None and config is not present.config:
        changes[present.config_path] = _config_changes(present.config, config)
    restarts = False
    if manifest and present.manifest and manifest.pod != present.manifest.pod:
        restarts = True
        changes[manifest.path] = _manifest_changes(present.manifest, manifest)
    return Plan(
        method,
        issuers,
        claims,
        ca_pem,
        present.config_path,
        config,
        manifest,
        restarts,
        changes,
        warnings,
    )


def _manifest_changes(old: Manifest, new: Manifest) -> dict[str, Any]:
    """Return the flags that change, and the mount that is new."""
    before, after = old.flags, new.flags
    changes: dict[str, Any] = {
        f"--{name}": {"old": _shown(before.get(name)), "new": _shown(after.get(name))}
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }
    if old.mount != new.mount:
        changes["mount"] = {"old": old.mount and old.mount[0], "new": new.mount and new.mount[0]}
    return changes


def _shown(values: Sequence[str] | None) -> str | None:
    return None if not values else ", ".join(values)


def _config_changes(
    old: structured.AuthenticationFile | None, new: structured.AuthenticationFile
) -> dict[str, Any]:
    """Return what changes for each issuer: added, removed, or the fields that differ."""
    before = {structured.url(entry): entry for entry in old.entries} if old else {}
    after = {structured.url(entry): entry for entry in new.entries}
    changes: dict[str, Any] = {}
    for url in sorted({*before, *after}):
        if url not in after:
            changes[url] = {"old": "accepted", "new": None}
        elif url not in before:
            changes[url] = {"old": None, "new": "accepted"}
        elif before[url] != after[url]:
            changes[url] = dict(_differences(before[url], after[url], ""))
    if old and old.document["apiVersion"] != new.document["apiVersion"]:
        changes["apiVersion"] = {"old": old.document["apiVersion"], "new": new.document["apiVersion"]}
    if old and not changes:
        changes["kept by cp-ingress"] = {"old": list(old.ours), "new": list(new.ours)}
    return changes


def _differences(old: Any, new: Any, path: str) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found = []
        for key in sorted({*old, *new}):
            found += _differences(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
        return found
    return [] if old == new else [(path, {"old": old, "new": new})]
