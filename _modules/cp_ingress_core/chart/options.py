"""Option files: Helm values as a small Jinja template, and what the pillar changes in them, key by key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2.sandbox import SandboxedEnvironment

from ..errors import ChartError
from .manifests import OptionLoader

_TEMPLATE_FAULTS = (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def load_values(
    chart_dir: Path,
    options: str | None = None,
    context: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the Helm values: the option file rendered with ``context``, then ``overrides`` merged in.

    ``options`` is the file's name inside ``chart_dir`` (None: no file, the chart's defaults). Raises
    :class:`ChartError` naming the file and what is wrong in it.
    """
    base = _render(_option_path(chart_dir, options), context or {}) if options else {}
    if overrides is not None and not isinstance(overrides, Mapping):
        raise ChartError(
            f"values must be a mapping of Helm values, not a {type(overrides).__name__}",
            reason="OptionsInvalid",
        )
    values = merge(base, overrides or {})
    try:
        json.dumps(values)
    except (TypeError, ValueError) as exc:
        raise ChartError(
            f"values of {chart_dir.name} hold something that Helm cannot read: {exc}; put it in quotes",
            reason="OptionsInvalid",
        ) from exc
    return values


def merge(base: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Merge mappings key by key; anything else, lists included, is replaced.

    An override of None takes the key away as in Helm: what the option file sets, and the chart's own
    default with it. So it stays in the result; see :func:`settle_nulls`.
    """
    merged = dict(base)
    for key, value in overrides.items():
        if isinstance(value, Mapping):
            below = merged.get(key)
            merged[key] = merge(below if isinstance(below, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def settle_nulls(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` with None only where Helm takes a default of the chart away for it.

    Elsewhere Helm would hand the null to the templates (a node selector ``key: null``, which Kubernetes reads
    as ``key: ""``), so the key goes. Top-level keys that the chart itself does not have belong to subcharts,
    whose defaults are their own, and stay as they are.
    """
    settled: dict[str, Any] = {}
    for key, value in values.items():
        settled[key] = _settled(value, defaults[key]) if key in defaults else value
    return settled


def _settled(value: Any, default: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    known = default if isinstance(default, Mapping) else {}
    return {
        key: _settled(below, known.get(key))
        for key, below in value.items()
        if below is not None or key in known
    }


def _option_path(chart_dir: Path, options: str) -> Path:
    path = (chart_dir / options).resolve()
    if not path.is_relative_to(chart_dir.resolve()) or not path.is_file():
        names = ", ".join(sorted(entry.name for entry in chart_dir.glob("*.j2"))) or "none"
        raise ChartError(
            f"option file {options!r} is not in {chart_dir}; there is: {names}", reason="OptionsInvalid"
        )
    return path


def _render(path: Path, context: Mapping[str, Any]) -> dict[str, Any]:
    environment = SandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # the result is YAML, not HTML
    )
    try:
        text = environment.from_string(path.read_text(encoding="utf-8")).render(**context)
    except jinja2.UndefinedError as exc:
        known = ", ".join(sorted(context)) or "nothing"
        raise _refused(path, f"{exc.message}; the context holds {known}") from exc
    except jinja2.TemplateSyntaxError as exc:
        raise _refused(path, f"line {exc.lineno}: {exc.message}") from exc
    except (*_TEMPLATE_FAULTS, OSError) as exc:
        raise _refused(path, f"{type(exc).__name__}: {exc}") from exc
    try:
        values = yaml.load(text, Loader=OptionLoader)  # noqa: S506  a safe loader
    except yaml.YAMLError as exc:
        raise _refused(path, f"not YAML once rendered: {exc}") from exc
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise _refused(path, f"must hold a mapping of Helm values, not a {type(values).__name__}")
    return values


def _refused(path: Path, problem: str) -> ChartError:
    return ChartError(f"option file {path}: {problem}", reason="OptionsInvalid")
