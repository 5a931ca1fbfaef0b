"""From ``cp_ingress:components`` of the pillar to components, with every refusal by its key. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cp_ingress_core.component import presets
from cp_ingress_core.component.documents import FORMATS
from cp_ingress_core.component.model import KINDS, WORKLOADS, Component, Verify, Workload
from cp_ingress_core.component.paths import PathError, parse
from cp_ingress_core.component.values import NAMES, unknown_names
from cp_ingress_core.findings import ABSENT, Findings
from cp_ingress_core.sections import Section

KEYS_OF_ALL = ("preset", "kind", "order", "namespace", "restart", "custom_resources", "verify", "timeout")
KEYS_OF_KIND = {
    "fragment": ("part", "workload", "container", "env", "force_conflicts"),
    "document": ("configmap", "secret", "key", "format", "set", "move"),
    "objects": ("template",),
}
KEYS = (*KEYS_OF_ALL, *(key for keys in KEYS_OF_KIND.values() for key in keys))
VERIFY_KEYS = ("url", "status", "json")

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_OBJECT = rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")
_ENV = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")
_BRACES = ", ".join(f"{{{name}}}" for name in NAMES)


def read_components(data: Any, path: str, findings: Findings) -> dict[str, Component]:
    """Return the components by name, in the order in which they are configured.

    data
        The pillar's section, None where there is none.
    path
        Where it was found, for messages.
    findings
        Where refusals go; a refused component is left out.
    """
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        findings.refuse(
            path, data, "this is not a mapping", allowed="name: {...} for each", remedy="name each component"
        )
        return {}
    found = {}
    for name, entry in data.items():
        component = read_component(name, entry, f"{path}:{name}", findings)
        if component is not None:
            found[component.name] = component
    return dict(sorted(found.items(), key=lambda item: (item[1].order, item[0])))


def read_component(name: Any, entry: Any, path: str, findings: Findings) -> Component | None:
    """Return one component, None where it is refused."""
    known = len(findings.errors)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        findings.refuse(
            path,
            name,
            "this is no name of a component",
            allowed="up to 40 small letters, digits and dashes",
            remedy="name it after what it configures: dex",
        )
        return None
    completed, kind = _completed(entry, path, findings)
    if kind is None:
        return None
    section = Section(completed, path, (*KEYS_OF_ALL, *KEYS_OF_KIND[kind]), findings)
    namespace = section.text("namespace", _LABEL, allowed="a namespace's name", remedy="name the namespace")
    _need(section, "namespace", "objects need to be found")
    reader = {"fragment": _fragment, "document": _document, "objects": _objects}[kind]
    fields = {**_common(section), **reader(section, namespace or "")}
    preset = entry.get("preset") if isinstance(entry, Mapping) else None
    if len(findings.errors) > known:
        return None
    return Component(name=name, kind=kind, namespace=namespace or "", preset=preset, **fields)


def _completed(entry: Any, path: str, findings: Findings) -> tuple[Any, Any]:
    """Return the entry with its preset's values, and its kind; None where that cannot be said."""
    given = Section(entry, path, KEYS, findings)
    if not isinstance(entry, Mapping):
        if entry is None:
            given.refuse("kind", "an empty component", allowed=_kinds(), remedy="give a preset or a kind")
        return None, None
    preset = given.choice("preset", "", tuple(presets.PRESETS)) if given.has("preset") else ""
    if given.has("preset") and not preset:
        return None, None
    usual = presets.kinds(preset)[0] if preset else ""
    allowed = presets.kinds(preset) if preset else KINDS
    kind = given.choice("kind", usual, allowed)
    if not kind:
        if not given.has("kind"):
            given.refuse("kind", "there is none", allowed=_kinds(), remedy="give a kind, or a preset")
        return None, None
    if not preset:
        return entry, kind
    return presets.completed(preset, kind, {**entry, "kind": kind}), kind


def _kinds() -> str:
    return f"kind: {', '.join(KINDS)}; or preset: {', '.join(presets.PRESETS)}"


def _need(section: Section, key: str, why: str) -> None:
    if not section.has(key):
        section.refuse(key, f"there is none: {why}", allowed="a value", remedy=f"add {key}")


def _common(section: Section) -> dict[str, Any]:
    return {
        "order": section.integer("order", 100, 1, 1000, "place"),
        "restart": tuple(_workload(section, "restart", name) for name in _texts(section, "restart")),
        "custom_resources": section.text(
            "custom_resources",
            _OBJECT,
            allowed="an API group",
            remedy="write what stands before the slash in their apiVersion: dex.coreos.com",
        )
        or "",
        "verify": _verify(section),
        "timeout": section.integer("timeout", 0, 1, 3600, "seconds") or None,
    }


def _texts(section: Section, key: str) -> list[str]:
    found = section.value(key)
    if found is ABSENT:
        return []
    if isinstance(found, (list, tuple)) and all(isinstance(item, str) for item in found):
        return list(found)
    section.refuse(key, "this is not a list of texts", allowed="a list", remedy="write one per line, with -")
    return []


def _workload(section: Section, key: str, text: str) -> Workload:
    kind, _, name = text.partition("/")
    if kind not in WORKLOADS or not re.fullmatch(_OBJECT, name):
        section.refuse(
            key,
            f"{text} names no workload",
            allowed=f"{' or '.join(WORKLOADS)}, a slash, and its name",
            remedy="write for example Deployment/dex",
        )
    return Workload(kind, name)


def _verify(section: Section) -> Verify | None:
    # An empty mapping switches a preset's request off.
    if not section.has("verify") or section.value("verify") == {}:
        return None
    inner = section.section("verify", VERIFY_KEYS)
    url = inner.text(
        "url",
        r"(https://|\{url\}|\{issuer\})[!-~]*",
        allowed="an https:// URL, or one that begins with {url} or {issuer}",
        remedy="write for example {url}/grafana/api/health",
    )
    if isinstance(section.value("verify"), Mapping):
        _need(inner, "url", "nothing says what is asked for")
    expected = inner.mapping("json")
    _check_entries(inner, "json", expected)
    _check_paths(inner, "json", expected)
    if url:
        _check_values(inner, "url", url)
    return Verify(url or "", inner.integer("status", 200, 100, 599, "HTTP status"), expected)


def _fragment(section: Section, namespace: str) -> dict[str, Any]:
    container = section.text("container", _LABEL, allowed="a container's name", remedy="name the container")
    force = section.value("force_conflicts")
    if force is not ABSENT and not isinstance(force, bool):
        section.refuse(
            "force_conflicts", "neither true nor false", allowed="true or false", remedy="remove it"
        )
    found = {"container": container, "force_conflicts": force is True}
    if section.has("part"):
        section.useless(("workload", "container", "env"), "part says it all", "remove it, or remove part")
        return {**found, "part": _part(section, namespace)}
    for key in ("workload", "container", "env"):
        _need(section, key, "a fragment is a part, or variables (env) of a workload's container")
    variables = section.mapping("env")
    _check_entries(section, "env", variables)
    each = section.section("env", tuple(variables))
    for name, value in variables.items():
        if not _ENV.fullmatch(name) or not isinstance(value, str):
            each.refuse(
                name, "this is no variable with a text", allowed="NAME: text", remedy="quote the text"
            )
    text = section.text("workload", r".*", allowed="Deployment/grafana", remedy="name the workload") or ""
    workload = _workload(section, "workload", text) if text else Workload("Deployment", "")
    env = [{"name": name, "value": value} for name, value in variables.items()]
    pod = {"spec": {"containers": [{"name": container, "env": env}]}}
    return {**found, "part": _manifest(workload, namespace, {"spec": {"template": pod}})}


def _manifest(workload: Workload, namespace: str, body: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {"name": workload.name, "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": workload.kind, "metadata": metadata, **body}


def _part(section: Section, namespace: str) -> dict[str, Any]:
    part = section.mapping("part")
    metadata = part.get("metadata")
    names = isinstance(metadata, Mapping) and isinstance(metadata.get("name"), str)
    if not names or not all(isinstance(part.get(key), str) for key in ("apiVersion", "kind")):
        section.refuse(
            "part",
            "it does not say which object it is a part of",
            allowed="a manifest with apiVersion, kind, metadata:name and the fields to own",
            remedy="add what is missing",
        )
        return {}
    _check_values(section, "part", part)
    return {**part, "metadata": {"namespace": namespace, **part["metadata"]}}


def _document(section: Section, _: str) -> dict[str, Any]:
    given = [key for key in ("configmap", "secret") if section.has(key)]
    names = {
        key: section.text(key, _OBJECT, allowed="an object's name", remedy="write its name alone")
        for key in given
    }
    if len(given) != 1:
        section.refuse(
            "configmap",
            "the document lies in one object",
            allowed="configmap or secret, one of them",
            remedy="name the ConfigMap or the Secret that holds the document",
        )
    key = section.text("key", r"[-._a-zA-Z0-9]{1,253}", allowed="a key of its data", remedy="name the key")
    _need(section, "key", "nothing says where in the object the document is")
    sets, moves = section.mapping("set"), _texts(section, "move")
    if not sets and not moves:
        _need(section, "set", "nothing would ever change")
    _check_entries(section, "set", sets)
    _check_paths(section, "set", sets)
    _check_paths(section, "move", moves)
    each = section.section("set", tuple(sets))
    for path, value in sets.items():
        if not isinstance(value, (str, int, float)):
            each.refuse(
                path,
                "this is no single value",
                allowed="a text, a number, true or false",
                remedy="give the path of each value",
            )
    return {
        "source_kind": "Secret" if given == ["secret"] else "ConfigMap",
        "source": next(iter(names.values()), "") or "",
        "key": key or "",
        "format": section.choice("format", "yaml", FORMATS),
        "sets": sets,
        "moves": tuple(moves),
    }


def _objects(section: Section, _: str) -> dict[str, Any]:
    found = section.value("template")
    if found is not ABSENT and not isinstance(found, str):
        section.refuse("template", "this is no text", allowed="salt:// URL or manifests", remedy="quote it")
        return {}
    _need(section, "template", "there are no objects without one")
    return {"template": "" if found is ABSENT else found}


def _check_values(section: Section, key: str, value: Any) -> None:
    wrong = unknown_names(value)
    if wrong:
        section.refuse(
            key,
            f"{wrong[0]} stands for nothing",
            allowed=f"{_BRACES}, and {{{{ and }}}} for braces",
            remedy="write one of these names, or double the braces",
        )


def _check_entries(section: Section, key: str, values: Mapping[str, Any]) -> None:
    each = section.section(key, tuple(values))
    for name, value in values.items():
        _check_values(each, name, value)


def _check_paths(section: Section, key: str, paths: Any) -> None:
    for path in paths:
        try:
            parse(path)
        except PathError as err:
            section.refuse(
                key,
                f"the path {path!r} is {err}",
                allowed='keys with dots between them, [*], [0] and [name=value] for items, "a.b" in quotes',
                remedy="write for example staticClients[*].redirectURIs",
            )
