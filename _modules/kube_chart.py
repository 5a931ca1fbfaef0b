"""Helm charts, pinned by digest, as lists of Kubernetes objects. Nothing here writes to a cluster.

A chart is a folder with ``chart.yaml`` (name, version, url, sha256) and option files (Helm values,
templated with Jinja). ``kube_chart.deployed`` is the state that applies what comes out.
"""

import os
import pathlib

from salt.utils.secret import expose

from cp_ingress_core.chart import helm as helms
from cp_ingress_core.chart import options as option_files
from cp_ingress_core.chart import pin as pins
from cp_ingress_core.chart import render as renders
from cp_ingress_core.chart import source as sources
from cp_ingress_core.errors import ChartError

__virtualname__ = "kube_chart"

CACHE_DIR = "/var/cache/cp-ingress"


def __virtual__():
    return __virtualname__


def pin(chart, version=None, sha256=None, saltenv="base"):
    """
    Return which archive a chart folder stands for.

    CLI Example:

    .. code-block:: bash

        salt-call kube_chart.pin salt://charts/metallb

    chart
        The chart's folder: a path on this machine or a ``salt://`` URL.

    version, sha256
        Another version and its archive's digest, instead of those in ``chart.yaml``; both or neither.

    saltenv
        The Salt environment of a ``salt://`` URL.

    Returns ``name``, ``version``, ``url``, ``sha256`` and ``archive`` (the file name that a mirror or
    directory must serve). Raises ChartError naming the key that is wrong.

    RBAC: none, the cluster is not asked.
    """
    pinned = pins.read_pin(_chart_dir(chart, saltenv), version, sha256)
    return {
        "name": pinned.name,
        "version": pinned.version,
        "url": pinned.url,
        "sha256": pinned.sha256,
        "archive": pinned.archive,
    }


def fetch(
    chart,
    source="upstream",
    mirror=None,
    directory=None,
    version=None,
    sha256=None,
    cache_dir=CACHE_DIR,
    timeout=120,
    saltenv="base",
):
    """
    Bring a chart's archive into the cache and return its path there.

    CLI Example:

    .. code-block:: bash

        salt-call kube_chart.fetch salt://charts/metallb source=directory directory=/srv/charts

    chart, version, sha256, saltenv
        As for ``kube_chart.pin``.

    source
        ``upstream`` (the address in ``chart.yaml``), ``mirror`` or ``directory``.

    mirror
        With ``source: mirror``, the base URL under which the archives lie.

    directory
        With ``source: directory``, the folder on this machine that holds the archives.

    cache_dir
        Where archives are kept, below ``charts``.

    timeout
        Seconds that the transfer may take.

    An archive whose SHA-256 digest is not the pinned one is refused (ChartError naming both) and not kept;
    one that is in the cache is used when its digest still matches, without asking the source.

    RBAC: none, the cluster is not asked.
    """
    pinned = pins.read_pin(_chart_dir(chart, saltenv), version, sha256)
    origin = sources.make_source(source, mirror, directory)
    folder = pathlib.Path(cache_dir, "charts")
    return str(sources.fetch(pinned, origin, folder, timeout=float(timeout)))


def helm(helm=None, cache_dir=CACHE_DIR):
    """
    Return the helm program that renders charts, and its version.

    CLI Example:

    .. code-block:: bash

        salt-call kube_chart.helm

    helm
        Path of the helm program (3.14 or later, or 4); otherwise it is looked for on PATH.

    cache_dir
        Where its version is kept, below ``renders``, until the program changes.

    Returns ``path`` and ``version``. Raises ChartError when there is none, or one of another version.

    RBAC: none, the cluster is not asked.
    """
    program = helms.find_helm(helm)
    return {
        "path": str(program),
        "version": helms.helm_version(program, pathlib.Path(cache_dir, "renders")),
    }


def values(chart, options=None, context=None, values=None, saltenv="base"):
    """
    Return the Helm values that a chart is rendered with.

    CLI Example:

    .. code-block:: bash

        salt-call kube_chart.values salt://charts/metallb options=options.yaml.j2

    chart, saltenv
        As for ``kube_chart.pin``.

    options
        Name of an option file in the chart's folder.

    context
        What the option file's template is rendered with, a mapping. A name that it lacks is an error.

    values
        Helm values that are merged into the option file's, key by key; lists are replaced, and null takes a
        key away, the chart's own default included.

    RBAC: none, the cluster is not asked.
    """
    return option_files.load_values(_chart_dir(chart, saltenv), options, expose(context), expose(values))


def render(  # noqa: PLR0913, PLR0917  every setting is a keyword on the command line
    name,
    chart,
    namespace,
    options=None,
    context=None,
    values=None,
    kube_version=None,
    api_versions=None,
    source="upstream",
    mirror=None,
    directory=None,
    version=None,
    sha256=None,
    helm=None,
    cache_dir=CACHE_DIR,
    timeout=60,
    kubeconfig=None,
    kube_context=None,
    saltenv="base",
):
    """
    Render a chart and return its objects, ready to be applied.

    CLI Example:

    .. code-block:: bash

        salt-call kube_chart.render metallb salt://charts/metallb metallb-system options=options.yaml.j2

    name
        The Helm release name.

    namespace
        Where namespaced objects go that name no namespace themselves.

    chart, options, context, values, saltenv
        As for ``kube_chart.values``.

    kube_version, api_versions
        The cluster's version (``v1.36.3``) and what it serves (``["apps/v1", "apps/v1/Deployment", ...]``).
        Asked of the cluster when not given.

    source, mirror, directory, version, sha256, cache_dir
        As for ``kube_chart.fetch``.

    helm
        Path of the helm program (3.14 or later, or 4); otherwise it is looked for on PATH.

    timeout
        Seconds that fetching may take, and then rendering.

    kubeconfig, kube_context
        The cluster to ask, as for ``kube_objects.apply``.

    Hooks and test Pods are left out, cluster-scoped objects get no namespace, empty ``caBundle`` fields go,
    and ``app.kubernetes.io/managed-by`` is ``Salt``. A render with the same chart, values and versions is
    taken from the cache (``cache_dir`` below ``renders``, readable by root only). Raises ChartError with
    helm's own message, or naming what is wrong.

    RBAC: none where ``kube_version`` and ``api_versions`` are given; else what every authenticated user may,
    reading ``/version`` and the discovery documents.
    """
    folder = _chart_dir(chart, saltenv)
    pinned = pins.read_pin(folder, version, sha256)
    archive = sources.fetch(
        pinned,
        sources.make_source(source, mirror, directory),
        pathlib.Path(cache_dir, "charts"),
        timeout=float(timeout),
    )
    cluster = {"kubeconfig": kubeconfig, "context": kube_context}
    release = renders.Release(
        name=name,
        namespace=namespace,
        pin=pinned,
        archive=archive,
        values=option_files.load_values(folder, options, expose(context), expose(values)),
        kube_version=kube_version or __salt__["kube_objects.server_version"](**cluster),
        api_versions=api_versions or __salt__["kube_objects.api_versions"](**cluster),
    )
    return renders.render(release, pathlib.Path(cache_dir, "renders"), helm=helm, timeout=float(timeout))


def _chart_dir(chart, saltenv):
    """Return the chart's folder on this machine, fetched from the Salt file server where it is a URL."""
    if not chart.startswith("salt://"):
        folder = pathlib.Path(chart)
        if not folder.is_absolute():
            raise ChartError(
                f"chart is {chart!r}, must be an absolute path or a salt:// URL", reason="ChartUnavailable"
            )
        return folder
    files = __salt__["cp.cache_dir"](chart, saltenv=saltenv) or []
    found = [path for path in files if os.path.basename(path) == pins.PIN_FILE]
    if not found:
        raise ChartError(
            f"{chart}: the Salt file server has no {pins.PIN_FILE} there (saltenv {saltenv}); "
            "check the URL, and that charts/ lies below a file root",
            reason="ChartUnavailable",
        )
    return pathlib.Path(min(found, key=len)).parent
