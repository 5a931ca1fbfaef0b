"""What must follow the endpoint of the control-plane ingress: Dex, Grafana, UIs, and whatever a user names.

Thin: what is decided is decided in ``cp_ingress_core.component``.
"""

import logging

from salt.utils.secret import expose

from cp_ingress_core.component import checks, model, objects, reading
from cp_ingress_core.component import configure as library
from cp_ingress_core.component.run import Run
from cp_ingress_core.component.urls import origin_of
from cp_ingress_core.component.values import Endpoint
from cp_ingress_core.component.verify import wait_until_verified
from cp_ingress_core.errors import ConfigError, ObjectError
from cp_ingress_core.findings import Findings
from cp_ingress_core.kube import arguments, connections
from cp_ingress_core.settings import Settings

log = logging.getLogger(__name__)

__virtualname__ = "kube_component"

__func_alias__ = {"list_": "list"}


def __virtual__():
    return __virtualname__


def list_():
    """
    Return the components that the pillar names, in the order in which they are configured.

    CLI Example:

    .. code-block:: bash

        salt-call kube_component.list

    Returns a list of dictionaries: ``name``, ``kind``, ``preset``, ``namespace`` and ``restart``. Raises
    CommandExecutionError when the configuration is refused.

    RBAC: none, the cluster is not asked.
    """
    components = Settings.from_pillar(expose(__pillar__)).components
    return [
        {
            "name": name,
            "kind": components[name].kind,
            "preset": components[name].preset,
            "namespace": components[name].namespace,
            "restart": [str(workload) for workload in components[name].restart],
        }
        for name in model.ordered(components)
    ]


def configure(  # noqa: PLR0913, PLR0917  every choice is a keyword in SLS files and on the command line
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
    test=False,
):
    """
    Bring the endpoint into a component, restart what reads it where that is new, wait, and see that it works.

    CLI Example:

    .. code-block:: bash

        salt-call kube_component.configure dex test=True

    name
        The component, an entry of pillar ``cp_ingress:components``.

    component
        The entry itself, instead of the pillar's: a mapping as ``docs/components.md`` describes it.

    endpoint
        URL of the endpoint, such as ``https://10.200.0.50:8443``. Default: the pillar's.

    issuer
        The OIDC issuer behind it. Default: the pillar's, or the endpoint's URL and ``/oidc``.

    previous
        URLs of earlier endpoints: what a document still has there moves to the new one. Where a value that
        is set pointed until now counts as one in any case. Default: the endpoints that the change under way
        leads away from.

    ca_file
        PEM file of the CA that the endpoint is verified with. Default: the pillar's, or the system's.

    timeout
        Seconds for waiting and for verifying, each. Default: the component's, or the pillar's.

    kubeconfig, context
        The cluster, as for ``kube_objects.apply``.

    saltenv
        The Salt environment of a ``salt://`` template.

    test : False
        Ask the API server what would change, and write nothing.

    Returns the report of ``kube_objects.apply``; workloads whose pods are replaced have the action
    ``restarted``. Values of Secrets are never shown. Raises CommandExecutionError; its ``info`` has what had
    been done by then.

    RBAC: get, patch on the object that holds the configuration and on the workloads to restart; list on
    their kind, and on Pods, ReplicaSets and Events where a wait fails. For a component with objects of its
    own, as ``kube_objects.apply``.
    """
    found, given = _component(name, component), _Given(endpoint, issuer, ca_file, timeout)
    run = _run(found, given, previous, kubeconfig, context, saltenv, test)

    def verify():
        return wait_until_verified(
            found.verify,
            run.endpoint,
            given.ca_file(),
            timeout=given.seconds(found, "verify"),
            report=log.info,
            connect_to=given.connect_to(),
        )

    return library.configure(run, verify if found.verify else None)


def release(
    name,
    component=None,
    endpoint=None,
    timeout=None,
    kubeconfig=None,
    context=None,
    saltenv="base",
    test=False,
):
    """
    Give up what a component owns: a fragment's fields, or the objects of its own. Documents stay.

    CLI Example:

    .. code-block:: bash

        salt-call kube_component.release grafana test=True

    name, component, endpoint, timeout, kubeconfig, context, saltenv, test
        As for ``kube_component.configure``.

    A field vanishes unless somebody else owns it too. Returns and raises the same as
    ``kube_component.configure``.

    RBAC: get, patch on the fragment's object; for objects of its own, as ``kube_objects.absent``.
    """
    found, given = _component(name, component), _Given(endpoint, None, None, timeout)
    return library.release(_run(found, given, None, kubeconfig, context, saltenv, test))


def findings(previous=None, kubeconfig=None, context=None):
    """
    Return what a change of the endpoint means for the pillar's components, for preflight.

    CLI Example:

    .. code-block:: bash

        salt-call kube_component.findings previous='[https://10.200.0.50:8443]'

    previous
        URLs of earlier endpoints.

    kubeconfig, context
        The cluster, as for ``kube_objects.apply``.

    Returns a list of ``{"id", "level", "evidence", "remedy"}``, warnings all of them. A component whose
    objects are not there is one. No value of a Secret is shown but URLs that users are redirected to.

    RBAC: get on the objects of the components.
    """
    settings = Settings.from_pillar(expose(__pillar__))
    endpoint = Endpoint.of(settings.endpoint.url, settings.endpoint.issuer)
    cluster = _cluster(kubeconfig, context)
    found = []
    for component in (settings.components[name] for name in model.ordered(settings.components)):
        run = Run(cluster, component, endpoint, _origins(previous))
        found += checks.check(run)
    return [finding.to_dict() for finding in found]


class _Given:
    """What the caller gave, and the pillar's value for what it did not."""

    def __init__(self, endpoint, issuer, ca_file, timeout):
        self._endpoint, self._issuer, self._ca_file, self._timeout = endpoint, issuer, ca_file, timeout
        self._settings = None if endpoint else Settings.from_pillar(expose(__pillar__))

    def endpoint(self):
        if self._settings is None:
            return Endpoint.of(self._endpoint, self._issuer)
        return Endpoint.of(self._settings.endpoint.url, self._issuer or self._settings.endpoint.issuer)

    def previous(self):
        """Return the URLs that the change under way leads away from."""
        if self._settings is None:
            return []
        return __salt__["cp_ingress_change.transition"]()["old_urls"]

    def ca_file(self):
        return self._ca_file or (self._settings.ca_file if self._settings else None)

    def connect_to(self):
        """Return where this machine reaches the endpoint, None for the endpoint's own address."""
        return self._settings.connect_to if self._settings else None

    def seconds(self, component, what):
        if self._timeout is not None:
            return float(self._timeout)
        if component.timeout is not None or self._settings is None:
            return float(component.timeout or 300)
        return float(self._settings.timeout_wait if what == "wait" else self._settings.timeout_verify)


def _component(name, entry):
    """Return the component; ConfigError with every refusal."""
    if entry is None:
        components = Settings.from_pillar(expose(__pillar__)).components
        if name not in components:
            known = ", ".join(components) or "none"
            raise ConfigError(
                [
                    f"cp_ingress:components: there is no {name}. Allowed: {known}."
                    " Remedy: add it, or name another."
                ]
            )
        return components[name]
    refusals = Findings()
    found = reading.read_component(name, expose(entry), f"component:{name}", refusals)
    refusals.raise_errors()
    return found


def _run(component, given, previous, kubeconfig, context, saltenv, test):
    endpoint = given.endpoint()
    return Run(
        cluster=_cluster(kubeconfig, context),
        component=component,
        endpoint=endpoint,
        previous=_origins(given.previous() if previous is None else previous),
        objects=_objects(component, endpoint, saltenv),
        timeout=given.seconds(component, "wait"),
        test=arguments.switch("test", test),
    )


def _objects(component, endpoint, saltenv):
    if component.kind != "objects":
        return ()
    template, where = component.template, f"component {component.name}: template"
    if template.startswith("salt://"):
        where = template
        template = __salt__["cp.get_file_str"](where, saltenv=saltenv)
        if not isinstance(template, str):
            raise ObjectError(
                f"{where}: the Salt file server has no such file (saltenv {saltenv}); correct the URL",
                reason="NotFound",
            )
    return objects.rendered(template, where, endpoint, component.namespace)


def _origins(previous):
    urls = [previous] if isinstance(previous, str) else list(expose(previous) or [])
    return frozenset(origin for origin in map(origin_of, urls) if origin)


def _cluster(kubeconfig, context):
    pillar = expose(__pillar__.get("cp_ingress")) or {}
    return connections.shared(__context__, kubeconfig or pillar.get("kubeconfig"), context)
