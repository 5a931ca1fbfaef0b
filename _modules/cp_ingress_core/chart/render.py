"""A chart archive, values and a cluster's versions in; Kubernetes objects out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .adjust import adjust
from .archive import default_values
from .cache import RenderCache, cache_key
from .helm import find_helm, helm_version, run_helm
from .manifests import parse_manifests
from .options import settle_nulls
from .pin import Pin

# Raised when the same helm output is turned into objects in another way.
_FORMAT = 1


@dataclass(frozen=True)
class Release:
    """What is rendered: a pinned archive as release ``name`` into ``namespace``, for one kind of cluster.

    ``kube_version`` is the server's (``v1.36.3``); ``api_versions`` what it serves (``apps/v1``,
    ``apps/v1/Deployment``, ...), which charts ask for.
    """

    name: str
    namespace: str
    pin: Pin
    archive: Path
    values: Mapping[str, Any] = field(default_factory=dict)
    kube_version: str = ""
    api_versions: Sequence[str] = ()


def render(
    release: Release, cache_dir: Path, *, helm: str | None = None, timeout: float = 60.0
) -> list[dict[str, Any]]:
    """Render ``release`` and return its objects, adjusted and ready to be applied.

    ``cache_dir`` keeps renders: one that is there costs no run of helm. ``timeout`` bounds helm, in seconds.
    Raises :class:`ChartError` with helm's own message, or naming the template that is at fault.
    """
    program = find_helm(helm)
    key = cache_key(
        _FORMAT,
        release.name,
        release.namespace,
        release.pin.sha256,
        dict(release.values),
        release.kube_version,
        sorted(set(release.api_versions)),
        helm_version(program, cache_dir),
    )
    cache = RenderCache(cache_dir)
    objects = cache.get(key)
    if objects is None:
        what = f"chart {release.pin.name} {release.pin.version}"
        values = settle_nulls(release.values, default_values(release.archive, release.pin))
        text = run_helm(program, _arguments(release), stdin=json.dumps(values), timeout=timeout, what=what)
        objects = parse_manifests(text, what)
        cache.put(key, objects)
    return adjust(objects, release.namespace)


def _arguments(release: Release) -> list[str]:
    arguments = ["template", release.name, str(release.archive), "--namespace", release.namespace]
    arguments += ["--include-crds", "--no-hooks", "--values", "-"]
    if release.kube_version:
        arguments += ["--kube-version", release.kube_version]
    for api_version in sorted(set(release.api_versions)):
        arguments += ["--api-versions", api_version]
    return arguments
