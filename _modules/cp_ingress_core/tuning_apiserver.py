"""What a user tunes under ``cp_ingress:apiserver``: whether and how every apiserver follows the issuer.

Without the section no apiserver is touched. The keys are the arguments of ``kube_apiserver.oidc_issuer``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from cp_ingress_core.apiserver.options import BACKUP_DIR, CONFIG_DIR, CONTAINER, MANIFEST, TIMEOUT
from cp_ingress_core.apiserver.wanted import METHODS, url_problem
from cp_ingress_core.findings import ABSENT
from cp_ingress_core.sections import Section

KEYS = (
    "method",
    "client_id",
    "audiences",
    "username_claim",
    "username_prefix",
    "groups_claim",
    "groups_prefix",
    "manage_manifest",
    "manifest",
    "container",
    "config_dir",
    "backup_dir",
    "server",
    "timeout",
    "token_file",
)

_NAME = r"[^\x00-\x1f\x7f]*"


@dataclass(frozen=True)
class ApiserverSettings:
    """How the apiservers accept the issuer. None keeps what an apiserver has; ``timeout`` is in seconds."""

    method: str = "auto"
    client_id: str | None = None
    audiences: tuple[str, ...] | None = None
    username_claim: str | None = None
    username_prefix: str | None = None
    groups_claim: str | None = None
    groups_prefix: str | None = None
    manage_manifest: bool = True
    manifest: str = MANIFEST
    container: str = CONTAINER
    config_dir: str = CONFIG_DIR
    backup_dir: str = BACKUP_DIR
    server: str | None = None
    timeout: int = TIMEOUT
    token_file: str | None = None


def read_apiserver(section: Section) -> ApiserverSettings:
    """Read the section; what is refused reads as its default."""
    method = section.choice("method", "auto", METHODS)
    manages = _switch(section, "manage_manifest", True)
    if method == "flags" and not manages:
        section.refuse(
            "method",
            "flags stand in the manifest, which manage_manifest: false leaves alone",
            allowed="auto or structured",
            remedy="leave method out",
        )
    if not manages:
        section.useless(("manifest", "container"), "it does nothing with manage_manifest: false", "remove it")
    found = ApiserverSettings(
        method=method,
        client_id=_name(section, "client_id", empty=False),
        audiences=_audiences(section),
        username_claim=_name(section, "username_claim", empty=False),
        username_prefix=_name(section, "username_prefix"),
        groups_claim=_name(section, "groups_claim"),
        groups_prefix=_name(section, "groups_prefix"),
        manage_manifest=manages,
        manifest=section.absolute_path("manifest") or MANIFEST,
        container=_name(section, "container", empty=False) or CONTAINER,
        config_dir=_folder(section, "config_dir", CONFIG_DIR),
        backup_dir=_folder(section, "backup_dir", BACKUP_DIR),
        server=_server(section),
        timeout=section.integer("timeout", TIMEOUT, 10, 3600, "seconds"),
        token_file=section.absolute_path("token_file"),
    )
    _refuse_manifests_folder(section, found)
    return found


def _switch(section: Section, key: str, default: bool) -> bool:
    found = section.value(key)
    if found is ABSENT or isinstance(found, bool):
        return default if found is ABSENT else bool(found)
    section.refuse(key, "this is neither", allowed="true or false", remedy="leave it out for true")
    return default


def _name(section: Section, key: str, *, empty: bool = True) -> str | None:
    return section.text(
        key,
        _NAME if empty else rf"(?=.){_NAME}",
        allowed="text on one line" + (", empty for none" if empty else ""),
        remedy="write it in quotes, or leave it out to keep what the apiserver has",
    )


def _audiences(section: Section) -> tuple[str, ...] | None:
    found = section.value("audiences")
    if found is ABSENT:
        return None
    if section.has("client_id"):
        section.refuse(
            "audiences", "client_id is set too", allowed="one of the two", remedy="remove one of them"
        )
        return None
    proper = isinstance(found, (list, tuple)) and all(isinstance(each, str) and each for each in found)
    if proper and found and len(set(found)) == len(found):
        return tuple(found)
    section.refuse(
        "audiences",
        "this is not a list of clients",
        allowed="a list of text, each once",
        remedy="write - CLIENT lines, or client_id for a single one",
    )
    return None


def _folder(section: Section, key: str, default: str) -> str:
    return (section.absolute_path(key) or default).rstrip("/") or "/"


def _server(section: Section) -> str | None:
    found = section.value("server")
    if found is ABSENT:
        return None
    if why := url_problem(found):
        section.refuse("server", why, allowed="https://HOST:PORT", remedy="leave it out if you can")
        return None
    return str(found).rstrip("/")


def _refuse_manifests_folder(section: Section, found: ApiserverSettings) -> None:
    manifests = PurePosixPath(found.manifest).parent
    for key in ("config_dir", "backup_dir"):
        if found.manage_manifest and PurePosixPath(getattr(found, key)).is_relative_to(manifests):
            section.refuse(
                key,
                f"the kubelet runs whatever lies in {manifests}",
                allowed="a folder outside of it",
                remedy="leave it out for the default",
            )
