"""Components as they shall be: at the endpoint of the control-plane ingress, or let go."""

from salt.exceptions import CommandExecutionError

__virtualname__ = "kube_component"


def __virtual__():
    return __virtualname__


def configured(
    name,
    component=None,
    endpoint=None,
    issuer=None,
    previous=None,
    ca_file=None,
    timeout=None,
    kubeconfig=None,
    context=None,
    saltenv="base",
):
    """
    Keep a component at the endpoint, its pods started with what it says, and see that it works.

    name
        The component, an entry of pillar ``cp_ingress:components`` unless ``component`` is given.

    component, endpoint, issuer, previous, ca_file, timeout, kubeconfig, context, saltenv
        As for the execution function ``kube_component.configure``, which lists the permissions needed too.

    The changes are object -> action and diff; with ``test=True`` they are what the run would do, asked of the
    API server, nothing is written, and nothing is verified.

    .. code-block:: yaml

        Grafana is at the endpoint:
          kube_component.configured:
            - name: grafana
            - endpoint: https://10.200.0.50:8443
            - component: {preset: grafana, namespace: monitoring}
    """
    return _run(
        name,
        "kube_component.configure",
        component=component,
        endpoint=endpoint,
        issuer=issuer,
        previous=previous,
        ca_file=ca_file,
        timeout=timeout,
        kubeconfig=kubeconfig,
        context=context,
        saltenv=saltenv,
    )


def released(
    name, component=None, endpoint=None, timeout=None, kubeconfig=None, context=None, saltenv="base"
):
    """
    Keep nothing of a component ours: a fragment's fields vanish unless others own them too, objects of its
    own are deleted, a document stays as it is.

    name
        The component, an entry of pillar ``cp_ingress:components`` unless ``component`` is given.

    component, endpoint, timeout, kubeconfig, context, saltenv
        As for the execution function ``kube_component.release``.

    .. code-block:: yaml

        Grafana's URLs are its chart's again:
          kube_component.released:
            - name: grafana
            - endpoint: https://10.200.0.50:8443
            - component: {preset: grafana, namespace: monitoring}
    """
    return _run(
        name,
        "kube_component.release",
        component=component,
        endpoint=endpoint,
        timeout=timeout,
        kubeconfig=kubeconfig,
        context=context,
        saltenv=saltenv,
    )


def _run(name, function, **options):
    """Call the execution function and return its report as a state's."""
    ret = {"name": name, "result": True, "changes": {}, "comment": ""}
    try:
        report = __salt__[function](name, **options, test=__opts__["test"])
    except CommandExecutionError as err:
        info = err.info if isinstance(err.info, dict) else {}
        ret.update(result=False, comment=str(err), changes=info.get("changes") or {})
        if info.get("warnings"):
            ret["warnings"] = info["warnings"]
        return ret
    ret["changes"], ret["comment"] = report["changes"], report["comment"]
    if __opts__["test"] and report["changes"]:
        ret["result"] = None
    if report["warnings"]:
        ret["warnings"] = report["warnings"]
    return ret
