"""The functions of ``kube_objects`` that only read: objects, and what a cluster serves."""

from salt.utils import secret

from cp_ingress_core.errors import ObjectError
from cp_ingress_core.kube import arguments, connections, operations

# Salt offers the functions of all files of one name together.
__virtualname__ = "kube_objects"

__func_alias__ = {"list_": "list"}


def __virtual__():
    return __virtualname__


def get(api_version, kind, name, namespace=None, kubeconfig=None, context=None):
    """Return one object, or None when there is none. Values of Secrets are masked, certificates in TLS
    Secrets are not.

    CLI Example:

    .. code-block:: bash

        salt-call kube_objects.get apps/v1 Deployment coredns kube-system

    api_version, kind, name, namespace
        Which object; a namespace only where the kind has namespaces.

    kubeconfig, context
        The cluster, as for ``kube_objects.apply``.

    Raises CommandExecutionError when the kind is unknown or may not be read.

    RBAC: get on the kind.
    """
    cluster = _cluster(kubeconfig, context)
    resource = cluster.discovery.resource(api_version, kind)
    if resource.namespaced and not namespace:
        raise ObjectError(f"{api_version}/{kind}: a namespace is needed")
    found = operations.get_object(cluster.client, resource, namespace or "", name)
    return None if found is None else arguments.shown(found)


def list_(api_version, kind, namespace=None, selector=None, kubeconfig=None, context=None):
    """
    Return all objects of a kind, of one namespace where one is given. Values of Secrets are masked.

    CLI Example:

    .. code-block:: bash

        salt-call kube_objects.list v1 Pod kube-system selector=k8s-app=kube-dns

    api_version, kind
        Which kind.

    namespace
        Only objects of this one.

    selector
        A label selector.

    kubeconfig, context
        The cluster, as for ``kube_objects.apply``.

    Raises CommandExecutionError when the kind is unknown or may not be listed.

    RBAC: list on the kind.
    """
    cluster = _cluster(kubeconfig, context)
    resource = cluster.discovery.resource(api_version, kind)
    found = operations.list_objects(cluster.client, resource, namespace or "", selector=selector or "")
    return [arguments.shown(obj) for obj in found]


def server_version(kubeconfig=None, context=None):
    """
    Return the API server's version, such as ``v1.36.3``.

    CLI Example:

    .. code-block:: bash

        salt-call kube_objects.server_version

    kubeconfig, context
        The cluster, as for ``kube_objects.apply``.

    Raises CommandExecutionError when the cluster cannot be reached.

    RBAC: none beyond what every authenticated user may.
    """
    return _cluster(kubeconfig, context).client.request("GET", "/version")["gitVersion"]


def api_versions(kubeconfig=None, context=None):
    """
    Return what the API server serves: ``["apps/v1", "apps/v1/Deployment", ...]``.

    CLI Example:

    .. code-block:: bash

        salt-call kube_objects.api_versions

    kubeconfig, context
        The cluster, as for ``kube_objects.apply``.

    Raises CommandExecutionError when the cluster cannot be reached.

    RBAC: none beyond what every authenticated user may.
    """
    return _cluster(kubeconfig, context).discovery.api_versions()


def _cluster(kubeconfig, context):
    pillar = secret.expose(__pillar__.get("cp_ingress")) or {}
    return connections.shared(__context__, kubeconfig or pillar.get("kubeconfig"), context)
