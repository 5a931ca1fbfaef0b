"""The pillar section ``cp_ingress:apiserver``: absent, its defaults, and what is refused by key."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest

from cp_ingress_core import tuning_apiserver
from cp_ingress_core.apiserver import options
from cp_ingress_core.errors import ConfigError
from cp_ingress_core.settings import Settings
from cp_ingress_core.tuning_apiserver import ApiserverSettings
from tests.unit.test_settings import pillar


def settings(section: Any) -> Settings:
    return Settings.from_pillar(pillar({"apiserver": section}))


def test_without_the_section_no_apiserver_is_touched() -> None:
    assert Settings.from_pillar(pillar()).apiserver is None
    assert settings(None).apiserver is None
    assert settings({}).apiserver == ApiserverSettings()
    assert Settings.from_pillar(pillar()).to_dict()["apiserver"] is None


def test_its_keys_are_its_fields_and_its_defaults_those_of_the_library() -> None:
    fields = {field.name: field.default for field in dataclasses.fields(ApiserverSettings)}
    assert set(tuning_apiserver.KEYS) == set(fields)
    for field in dataclasses.fields(options.Options):
        assert fields[field.name] == field.default


def test_its_keys_are_arguments_of_the_state() -> None:
    from _states import kube_apiserver  # the folder is a namespace package here

    assert set(tuning_apiserver.KEYS) <= set(inspect.signature(kube_apiserver.oidc_issuer).parameters)


def test_everything_is_read() -> None:
    section = {
        "method": "structured",
        "audiences": ["a", "b"],
        "username_claim": "sub",
        "username_prefix": "",
        "groups_claim": "",
        "config_dir": "/srv/authentication/",
        "server": "https://[::1]:6443/",
        "timeout": 60,
        "token_file": "/srv/token",
    }
    assert settings(section).apiserver == ApiserverSettings(
        method="structured",
        audiences=("a", "b"),
        username_claim="sub",
        username_prefix="",
        groups_claim="",
        config_dir="/srv/authentication",
        server="https://[::1]:6443",
        timeout=60,
        token_file="/srv/token",
    )


REFUSED = {
    "no mapping": ([], ""),
    "an unknown key": ({"methd": "auto"}, ":methd"),
    "an unknown method": ({"method": "file"}, ":method"),
    "flags without a manifest": ({"method": "flags", "manage_manifest": False}, ":method"),
    "a manifest that is not managed": ({"manage_manifest": False, "manifest": "/x.yaml"}, ":manifest"),
    "neither true nor false": ({"manage_manifest": "no"}, ":manage_manifest"),
    "an empty client": ({"client_id": ""}, ":client_id"),
    "a client and audiences": ({"client_id": "a", "audiences": ["b"]}, ":audiences"),
    "an audience twice": ({"audiences": ["b", "b"]}, ":audiences"),
    "audiences that are text": ({"audiences": "b"}, ":audiences"),
    "an empty claim": ({"username_claim": ""}, ":username_claim"),
    "a prefix on two lines": ({"username_prefix": "a\nb"}, ":username_prefix"),
    "a relative path": ({"config_dir": "authentication"}, ":config_dir"),
    "backups where the kubelet reads": ({"backup_dir": "/etc/kubernetes/manifests/old"}, ":backup_dir"),
    "a server without https": ({"server": "127.0.0.1"}, ":server"),
    "too short a time": ({"timeout": 5}, ":timeout"),
}


@pytest.mark.parametrize(("section", "key"), REFUSED.values(), ids=REFUSED)
def test_refused(section: Any, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(section)
    (error,) = caught.value.info["errors"]
    assert error.startswith(f"cp_ingress:apiserver{key}: found ")
