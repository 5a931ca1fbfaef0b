"""Kubernetes objects as they shall be: applied, or absent."""

from salt.exceptions import CommandExecutionError

__virtualname__ = "kube_objects"


def __virtual__():
    return __virtualname__


def applied(  # noqa: PLR0913, PLR0917  every choice is a keyword in SLS files
    name,
    objects,
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
    kubeconfig=None,
    context=None,
):
    """
    Keep objects as their manifests say, ready, and delete those that left their ApplySet.

    name
        Any text; it names nothing in the cluster.

    objects
        A list of manifests, one manifest, or the path of a YAML file.

    applyset, applyset_namespace, prune, prune_when, prune_kinds, wait, timeout, adopt
        As for the execution function ``kube_objects.apply``, which lists the permissions needed too.

    force_conflicts, takeover, recreate, verify, kubeconfig, context
        Likewise.

    The changes are object -> action and diff; with ``test=True`` they are what the run would do, asked of the
    API server, and nothing is written.

    .. code-block:: yaml

        my app:
          kube_objects.applied:
            - applyset: my-app
            - applyset_namespace: my-app
            - objects:
              - apiVersion: v1
                kind: Namespace
                metadata: {name: my-app}
              - apiVersion: v1
                kind: ConfigMap
                metadata: {name: settings, namespace: my-app}
                data: {greeting: hello}
    """
    return _run(
        name,
        "kube_objects.apply",
        objects=objects,
        applyset=applyset,
        applyset_namespace=applyset_namespace,
        prune=prune,
        prune_when=prune_when,
        wait=wait,
        timeout=timeout,
        adopt=adopt,
        force_conflicts=force_conflicts,
        takeover=takeover,
        recreate=recreate,
        verify=verify,
        prune_kinds=prune_kinds,
        kubeconfig=kubeconfig,
        context=context,
    )


def absent(
    name,
    objects=None,
    applyset=None,
    applyset_namespace="cp-ingress",
    wait=True,
    timeout=300,
    prune_kinds=None,
    gone_before=None,
    kubeconfig=None,
    context=None,
):
    """
    Keep objects, or a whole ApplySet, absent.

    name
        Any text; it names nothing in the cluster.

    objects, applyset, applyset_namespace, wait, timeout, prune_kinds, gone_before, kubeconfig, context
        As for the execution function ``kube_objects.absent``.

    Objects that are kept for a reason (an annotation, objects of others inside) are named in the comment.

    .. code-block:: yaml

        my app is gone:
          kube_objects.absent:
            - applyset: my-app
            - applyset_namespace: my-app
            - prune_kinds: [Namespace]
    """
    return _run(
        name,
        "kube_objects.absent",
        objects=objects,
        applyset=applyset,
        applyset_namespace=applyset_namespace,
        wait=wait,
        timeout=timeout,
        prune_kinds=prune_kinds,
        gone_before=gone_before,
        kubeconfig=kubeconfig,
        context=context,
    )


def pruned(
    name,
    keep,
    applyset,
    applyset_namespace="cp-ingress",
    wait=True,
    timeout=300,
    prune_kinds=None,
    gone_before=None,
    kubeconfig=None,
    context=None,
):
    """
    Keep an ApplySet free of members other than the objects to keep; nothing is applied.

    name
        Any text; it names nothing in the cluster.

    keep, applyset, applyset_namespace, wait, timeout, prune_kinds, gone_before, kubeconfig, context
        As for the execution function ``kube_objects.prune``.

    .. code-block:: yaml

        old addresses are gone:
          kube_objects.pruned:
            - applyset: my-app
            - keep:
              - {apiVersion: v1, kind: Service, metadata: {name: new, namespace: my-app}}
    """
    return _run(
        name,
        "kube_objects.prune",
        keep=keep,
        applyset=applyset,
        applyset_namespace=applyset_namespace,
        wait=wait,
        timeout=timeout,
        prune_kinds=prune_kinds,
        gone_before=gone_before,
        kubeconfig=kubeconfig,
        context=context,
    )


def fragment_applied(
    name, part, manager, force_conflicts=False, made_before=False, kubeconfig=None, context=None
):
    """
    Keep some fields of an object that somebody else made as they are given, and own no others.

    name
        Any text; it names nothing in the cluster.

    part, manager, force_conflicts, made_before, kubeconfig, context
        As for the execution function ``kube_objects.apply_fragment``.

    .. code-block:: yaml

        Grafana knows its URL:
          kube_objects.fragment_applied:
            - manager: grafana-url
            - part:
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: settings, namespace: my-app}
                data: {url: "https://10.0.0.1/"}
    """
    return _run(
        name,
        "kube_objects.apply_fragment",
        part=part,
        manager=manager,
        force_conflicts=force_conflicts,
        made_before=made_before,
        kubeconfig=kubeconfig,
        context=context,
    )


def fragment_released(name, part, manager, kubeconfig=None, context=None):
    """
    Keep a field manager free of fields of an object; those that nobody else owns vanish.

    name
        Any text; it names nothing in the cluster.

    part, manager, kubeconfig, context
        As for the execution function ``kube_objects.release_fragment``.

    .. code-block:: yaml

        Grafana's URL is its own again:
          kube_objects.fragment_released:
            - manager: grafana-url
            - part: {apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: my-app}}
    """
    return _run(
        name,
        "kube_objects.release_fragment",
        part=part,
        manager=manager,
        kubeconfig=kubeconfig,
        context=context,
    )


def _run(name, function, **options):
    """Call the execution function and return its report as a state's."""
    ret = {"name": name, "result": True, "changes": {}, "comment": ""}
    try:
        report = __salt__[function](**options, test=__opts__["test"])
    except CommandExecutionError as err:
        info = err.info if isinstance(err.info, dict) else {}
        ret.update(result=False, comment=str(err), changes=info.get("changes") or {})
        if info.get("warnings"):
            ret["warnings"] = info["warnings"]
        return ret
    ret["changes"] = report["changes"]
    if __opts__["test"] and report["changes"]:
        ret["result"] = None
    kept = [f"Kept {obj}: {reason}." for obj, reason in report["kept"].items()]
    ret["comment"] = "\n".join([report["comment"], *kept])
    if report["warnings"]:
        ret["warnings"] = report["warnings"]
    return ret
