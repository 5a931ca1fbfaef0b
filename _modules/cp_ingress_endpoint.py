"""The endpoint on the cluster: Services, pool, exposure, what NGINX serves for it, an IP that changes hands.

Which endpoints are meant follows from the change under way, see ``cp_ingress_change``.
"""

import datetime
import logging

from salt.utils.secret import expose

from cp_ingress_core import (
    carried,
    exposure_facts,
    handover,
    ingress_nginx,
    metallb,
    objects,
    replicas,
    transition,
)
from cp_ingress_core import exposure as exposures
from cp_ingress_core import record as records
from cp_ingress_core.errors import WaitTimeout
from cp_ingress_core.kube import connections, operations, subresource
from cp_ingress_core.kube.diff import diff
from cp_ingress_core.settings import Settings

log = logging.getLogger(__name__)

__virtualname__ = "cp_ingress_endpoint"

_MANAGER = "salt-cp-ingress"
# Seconds after which MetalLB has surely stopped to answer for the IP of a Service that is gone.
_WITHDRAWAL = 5.0


def __virtual__():
    return __virtualname__


def _settings():
    return Settings.from_pillar(expose(__pillar__))


def _cluster(settings):
    return connections.shared(__context__, settings.kubeconfig, None)


def _transition(settings):
    return carried.transition_of(
        __context__, settings, __salt__["kube_objects.get"], __salt__["kube_objects.list"]
    )


def services():
    """
    Return the Service object that carries the wanted endpoint, in a list. Old ones stay as they are.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.services

    RBAC: as ``exposure``; list nodes where ``external:node_addresses`` is set.
    """
    settings = _settings()
    how = {"exposure": exposure(), "also": _also(settings)}
    if settings.mode == "external":
        how["same_node"] = exposures.knows_same_node(__salt__["kube_objects.server_version"]())
    return [objects.service(settings.endpoint, settings.namespace, **how)]


def statuses():
    """
    Return the status of the wanted Service where kube-proxy is to read the addresses from it.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.statuses

    Returns a list with the Service, its status alone; an empty one in metallb mode, and where ``externalIPs``
    carry the addresses.

    RBAC: as ``services``.
    """
    settings = _settings()
    if settings.mode != "external" or exposure() != "status":
        return []
    return [objects.status(settings.endpoint, settings.namespace, _also(settings))]


def exposure():
    """
    Return how external mode exposes its addresses on this cluster: ``externalIPs`` or ``status``.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.exposure

    What the pillar ``cp_ingress:external:exposure`` says, unless that is ``auto``.

    RBAC: with ``auto``, get the ConfigMap ``kube-system/kube-proxy``; create services, which is only tried.
    """
    settings = _settings()
    if settings.mode != "external" or settings.exposure != "auto":
        return settings.exposure
    if carried.EXPOSURE not in __context__:
        listed = __salt__["kube_objects.list"]("v1", "Service", settings.namespace)
        mine = [item for item in listed if transition.endpoint_of(item) is not None]
        __context__[carried.EXPOSURE] = exposure_facts.choose(
            _cluster(settings), "auto", settings.ip, mine
        ).kind
    return __context__[carried.EXPOSURE]


def put_status(test=False):
    """
    Put the addresses into the status of the wanted Service, where kube-proxy is to read them from there.

    test : False
        Write nothing.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.put_status test=True

    Returns ``changes`` and ``comment``.

    RBAC: as ``services``; get services; patch services/status.
    """
    settings = _settings()
    changes = {}
    for part in statuses():
        found = subresource.apply_status(_cluster(settings), part, f"{_MANAGER}-status", test=test)
        if found:
            changes[f"v1/Service {settings.namespace}/{part['metadata']['name']} status"] = found
    return {
        "changes": changes,
        "comment": "The Service's status has the addresses" if changes else "Nothing to do",
    }


def service_managers():
    """
    Return the field managers, besides controllers and us, that own fields of the wanted Service's spec.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.service_managers

    The Service is ours by its name, so what others set in it (``loadBalancerIP`` for one, which MetalLB
    refuses beside its annotation) becomes ours and vanishes.

    RBAC: get services.
    """
    settings = _settings()
    cluster = _cluster(settings)
    # kube_objects.get leaves the managers out.
    resource = cluster.discovery.resource("v1", "Service")
    name = settings.endpoint.service_name
    return objects.foreign_managers(operations.get_object(cluster.client, resource, settings.namespace, name))


def must_fall_silent():
    """
    Return the IP that its old holder has to give up before the run goes on; None when there is none.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.must_fall_silent

    There is one where the mode changes and the IP does not. To MetalLB, a Service of the new mode says that
    the IP was given up in an earlier run; to the user, that the change has come further.

    RBAC: as ``transition``; get services.
    """
    settings = _settings()
    found = _transition(settings)
    if found.handed_over is None:
        return None
    if settings.mode == "metallb":
        name = settings.endpoint.service_name
        given_up = __salt__["kube_objects.get"]("v1", "Service", name, settings.namespace) is not None
    else:
        # A run that was killed may have withdrawn the old Service and not have waited.
        given_up = records.reached(found.record.phase, "widened") and not __context__.get(carried.WITHDRAWN)
    return None if given_up else settings.ip


def withdrawn():
    """
    Return the Service to delete so that MetalLB stops answering for the IP that passes to the user.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.withdrawn

    Returns a list, empty where no IP passes from MetalLB to the user, or that Service is gone.

    RBAC: as ``transition``; get services.
    """
    settings = _settings()
    old = _transition(settings).handed_over
    if old is None or old.mode != "metallb":
        return []
    if __salt__["kube_objects.get"]("v1", "Service", old.service_name, settings.namespace) is None:
        return []
    __context__[carried.WITHDRAWN] = True
    return [objects.service(old, settings.namespace)]


def pool(narrowed=False):
    """
    Return MetalLB's IPAddressPool, with the old address too while a change is under way, and its
    L2Advertisement.

    narrowed : False
        Only the wanted endpoint's address.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.pool

    RBAC: as ``transition``.
    """
    settings = _settings()
    pooled = (settings.endpoint,) if narrowed else _transition(settings).pooled
    return objects.pool(pooled, settings.metallb_namespace)


def release(timeout=300):
    """
    Wait until nobody answers for the wanted IP, so that its new holder can take it.

    timeout
        Seconds to wait at most.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.release timeout=10

    Returns the seconds it took. Raises an error at the deadline that says who still has the IP. From MetalLB
    to the user five seconds are enough: who answers then is the user already.

    RBAC: none, the network is asked (CAP_NET_RAW).
    """
    settings = _settings()
    if settings.mode == "metallb":
        return round(handover.wait_silent(settings.ip, timeout=float(timeout), report=_tell), 1)
    try:
        seconds = min(float(timeout), _WITHDRAWAL)
        return round(handover.wait_silent(settings.ip, timeout=seconds, report=log.info), 1)
    except WaitTimeout as err:
        # MetalLB fell silent long before that: the user was faster than the question whether anybody answers.
        log.info("taken for the new holder: %s", err)
        return _WITHDRAWAL


def replicas_serve(timeout=60):
    """
    Wait, while the endpoint changes, until every NGINX replica serves a certificate that names the new IP.

    timeout
        Seconds to wait at most.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.replicas_serve

    Returns ``asked``, how many were, and ``silent``, the Pods that could not be reached from this machine.
    Raises an error at the deadline that names the Pods with another certificate.

    RBAC: as ``transition``; list pods.
    """
    settings = _settings()
    if not _transition(settings).changing:
        return {"asked": 0, "silent": []}
    selector = ",".join(f"{key}={value}" for key, value in objects.NGINX_PODS.items())
    pods = __salt__["kube_objects.list"]("v1", "Pod", settings.namespace, selector=selector)
    found = replicas.addresses(pods)
    silent = replicas.wait_for_certificate(found, settings.ip, timeout=float(timeout))
    return {"asked": len(found), "silent": silent}


def patience(timeout, handover_timeout):
    """
    Return the seconds to wait for the endpoint's answer: longer where the user has to bring its IP up first.

    timeout, handover_timeout
        Seconds: usually, and where the IP passes from MetalLB to the user.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.patience 60 300

    RBAC: as ``transition``.
    """
    settings = _settings()
    if settings.mode == "metallb" or _transition(settings).handed_over is None:
        return timeout
    _tell(f"{settings.ip} is free: bring it up on one of the masters now")
    return max(timeout, handover_timeout)


def ingress_fragment():
    """
    Return what NGINX's ConfigMap gets from us besides the chart's: issuers' documents and the redirect.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.ingress_fragment

    Returns a partial ConfigMap, its ``data`` empty when there is nothing to serve. From phase ``moved`` on,
    the old addresses redirect browsers to the new one.

    RBAC: as ``transition``.
    """
    settings = _settings()
    found = _transition(settings)
    kept = found.kept(settings.keep_old_for, _now())
    moved = records.reached(found.record.phase, "moved")
    old = found.old if found.changing else ()
    urls = [settings.endpoint.issuer] if moved and not kept else found.issuers
    documents = ingress_nginx.documents(urls, settings.endpoint) if settings.apiserver else {}
    snippets = ingress_nginx.snippets(documents, old if moved else (), settings.endpoint)
    return objects.nginx_fragment(snippets, settings.namespace)


def configure_ingress(test=False):
    """
    Put what NGINX serves for a change into its ConfigMap, or take it out again.

    test : False
        Write nothing.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.configure_ingress test=True

    Returns ``changes`` and ``comment``, as ``kube_objects.apply_fragment``.

    RBAC: as ``transition``; get and patch the ConfigMap ``ingress-nginx-controller``.
    """
    settings = _settings()
    part = ingress_fragment()
    before = __context__.get(carried.FRAGMENT)
    __context__[carried.FRAGMENT] = part
    if test and before is not None:
        # An earlier step of this run would have put it there, so that the live object tells nothing.
        changes = diff({"data": before["data"]}, {"data": part["data"]}) if before != part else {}
        name = f"v1/ConfigMap {settings.namespace}/{part['metadata']['name']}"
        found = {name: {"action": "changed", "diff": changes}} if changes else {}
        return {"changes": found, "comment": f"{len(found)} would be changed"}
    if part["data"]:
        return __salt__["kube_objects.apply_fragment"](
            part, f"{_MANAGER}-endpoint", made_before=True, test=test
        )
    return __salt__["kube_objects.release_fragment"](part, f"{_MANAGER}-endpoint", test=test)


def metallb_users(applyset):
    """
    Return who uses MetalLB besides us, and whether ours is deployed at all.

    applyset
        The ApplySet of its objects.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_endpoint.metallb_users cp-ingress-metallb

    Returns ``deployed``, ``users`` (pools, advertisements, peers and Services of others, each in words) and
    ``options`` (what ``kube_objects.absent`` needs, so that the definitions go too where that is asked for).

    RBAC: get the Secret of that name; list IPAddressPools, L2Advertisements, BGPAdvertisements, BGPPeers and
    services.
    """
    settings = _settings()
    deployed = __salt__["kube_objects.get"]("v1", "Secret", applyset, settings.namespace) is not None
    read = __salt__["kube_objects.list"]
    users = metallb.foreign_users(read, settings.metallb_namespace) if deployed else []
    kinds = ["CustomResourceDefinition"] if settings.remove_crds else None
    return {"deployed": deployed, "users": users, "options": {"prune_kinds": kinds}}


def _also(settings):
    """Return the further addresses that external mode serves: every master's own, where that is asked for."""
    if not settings.node_addresses:
        return []
    listed = __salt__["cp_ingress.masters"]()
    return [address for addresses in listed.values() for address in settings.control_plane(addresses)]


def _tell(message):
    """Say that somebody has to act: shown by default, and sent as an event."""
    log.warning(message)
    __salt__["cp_ingress_change.tell"]("handover", message)


def _now():
    return datetime.datetime.now(datetime.UTC)
