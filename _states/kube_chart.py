"""Helm charts, kept deployed as objects that Salt owns: no release in the cluster, no hooks."""

from salt.exceptions import CommandExecutionError

__virtualname__ = "kube_chart"


def __virtual__():
    return __virtualname__


def deployed(  # noqa: PLR0913, PLR0917  every setting is a keyword in SLS files
    name,
    chart,
    namespace,
    options=None,
    context=None,
    values=None,
    extra_objects=None,
    source="upstream",
    mirror=None,
    directory=None,
    version=None,
    sha256=None,
    helm=None,
    cache_dir=None,
    render_timeout=60,
    kubeconfig=None,
    kube_context=None,
    applyset=None,
    applyset_namespace="cp-ingress",
    prune=True,
    prune_when="applied",
    wait=True,
    timeout=300,
    adopt="unowned",
    force_conflicts=False,
    takeover=None,
    recreate=False,
    verify="changed",
    prune_kinds=None,
):
    """
    Keep the objects of a chart as the chart and its values say.

    name
        The Helm release name.

    chart
        The chart's folder, with ``chart.yaml`` and option files: a path or a ``salt://`` URL.

    namespace
        Where its namespaced objects go.

    options, context, values
        The option file, what it is rendered with, and Helm values on top; see ``kube_chart.values``.

    extra_objects
        Further objects that belong to it, a list; they share its ApplySet.

    source, mirror, directory, version, sha256, helm, cache_dir
        Where the archive comes from and what renders it; see ``kube_chart.render``.

    render_timeout
        Seconds that fetching may take, and then rendering.

    kube_context
        The kubeconfig's context to use.

    kubeconfig, applyset, applyset_namespace, prune, prune_when, prune_kinds, wait, timeout
        Handed on; see ``kube_objects.applied``.

    adopt, force_conflicts, takeover, recreate, verify
        Handed on; see ``kube_objects.applied``.

    Returns what ``kube_objects.applied`` returns. In test mode nothing is written to the cluster; the archive
    and its render are put into the cache on this machine, since without them nothing can be predicted.

    .. code-block:: yaml

        metallb:
          kube_chart.deployed:
            - chart: salt://charts/metallb
            - namespace: metallb-system
            - options: options.yaml.j2
            - applyset: cp-ingress-metallb
    """
    origin = {
        "source": source,
        "mirror": mirror,
        "directory": directory,
        "version": version,
        "sha256": sha256,
    }
    content = {"options": options, "context": context, "values": values, "helm": helm}
    cluster = {"kubeconfig": kubeconfig, "kube_context": kube_context, "saltenv": __env__ or "base"}
    cache = {"cache_dir": cache_dir} if cache_dir else {}
    try:
        objects = __salt__["kube_chart.render"](
            name, chart, namespace, timeout=render_timeout, **origin, **content, **cluster, **cache
        )
    except CommandExecutionError as err:
        return {"name": name, "result": False, "changes": {}, "comment": str(err)}
    owning = {"adopt": adopt, "force_conflicts": force_conflicts, "takeover": takeover, "recreate": recreate}
    pruning = {"prune": prune, "prune_when": prune_when, "prune_kinds": prune_kinds, "verify": verify}
    return __states__["kube_objects.applied"](
        name,
        objects=[*objects, *(extra_objects or [])],
        applyset=applyset,
        applyset_namespace=applyset_namespace,
        wait=wait,
        timeout=timeout,
        kubeconfig=kubeconfig,
        context=kube_context,
        **owning,
        **pruning,
    )
