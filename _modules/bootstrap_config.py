"""The Bootstrap configuration file: read, checked, and turned into pillar.

The file is the one named by ``path``; else by ``cp_ingress_bootstrap_file`` in Salt's configuration; else
``/etc/cp-ingress/bootstrap.yaml``; else, where only that exists, MetalK8s' ``/etc/metalk8s/bootstrap.yaml``.
File and configuration are those of the machine where the function runs: for pillar that a master renders, the
master's.
"""

import logging

from cp_ingress_core import bootstrap, bootstrap_edit
from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.errors import ConfigError
from cp_ingress_core.networks import with_default_ip

log = logging.getLogger(__name__)

__virtualname__ = "bootstrap_config"


def __virtual__():
    return __virtualname__


def _path(path):
    return str(path or __opts__.get(bootstrap.PATH_OPTION) or bootstrap.default_path())


def _networks(path):
    """Return what the file says, with the default ingress IP filled in."""
    networks = bootstrap.load(path)
    if networks.ip is not None:
        return networks
    return with_default_ip(networks, [*__salt__["network.ip_addrs"](), *__salt__["network.ip_addrs6"]()])


def read(path=None):
    """
    Return the checked content of the Bootstrap file.

    path
        The file; found as the module describes when it is left out.

    CLI Example:

    .. code-block:: bash

        salt-call bootstrap_config.read

    Returns ``path``, ``networks`` as the file has it (CIDRs as a list, ``ingress.ip`` only when the file
    names one) and ``notes``, remarks that stop nothing. Raises an error with everything that is wrong.

    RBAC: none, the cluster is not asked.
    """
    found = _path(path)
    networks = bootstrap.load(found)
    return {"path": found, "networks": networks.to_pillar(), "notes": list(networks.notes)}


def pillar(path=None):
    """
    Return the pillar that the Bootstrap file gives.

    path
        The file; found as the module describes when it is left out.

    CLI Example:

    .. code-block:: bash

        salt-call bootstrap_config.pillar

    Returns ``networks``, with the ingress IP filled in, and ``cp_ingress`` with empty ``errors`` and with
    ``notes``. When something is wrong ``cp_ingress:errors`` lists all of it and there are no ``networks``.
    Never raises: Salt would hide the reason.

    RBAC: none, the cluster is not asked.
    """
    try:
        networks = _networks(_path(path))
    except ConfigError as err:
        return {"cp_ingress": {"errors": err.info["errors"]}}
    except Exception as err:
        # Whatever this machine comes up with, the user shall read it in the state's result.
        log.exception("the Bootstrap file could not be turned into pillar")
        return {"cp_ingress": {"errors": [f"bootstrap_config.pillar: {type(err).__name__}: {err}"]}}
    return {
        "networks": networks.to_pillar(),
        "cp_ingress": {"errors": [], "notes": list(networks.notes)},
    }


def check(path=None):
    """
    Check the Bootstrap file; the exit code is 1 when something is wrong with it.

    path
        The file; found as the module describes when it is left out.

    CLI Example:

    .. code-block:: bash

        salt-call bootstrap_config.check /root/bootstrap-new.yaml

    Returns ``errors`` and ``notes``, both empty when all is well.

    RBAC: none, the cluster is not asked.
    """
    found = pillar(path)["cp_ingress"]
    if found["errors"]:
        __context__["retcode"] = 1
    return {"errors": found["errors"], "notes": found.get("notes", [])}


def set_endpoint(mode, ip, path=None, test=False):
    """
    Write another mode and IP into the Bootstrap file, and keep the earlier file beside it.

    mode
        ``metallb`` or ``external``.

    ip
        The ingress IP.

    path
        The file; found as the module describes when it is left out.

    test : False
        Write nothing.

    CLI Example:

    .. code-block:: bash

        salt-call bootstrap_config.set_endpoint metallb 10.200.0.50 test=True

    Returns ``path``, ``changed`` and ``kept``, the path of the copy, which alone has the comments. Everything
    else in the file stays as it was. Raises an error when the file, or what it would become, is refused:
    nothing is written then.

    RBAC: none, the cluster is not asked.
    """
    found = _path(path)
    wanted = Endpoint.from_dict({"mode": mode, "ip": ip, "port": 0})
    networks = _networks(found)
    if (networks.metallb, networks.ip) == (mode == "metallb", ip):
        return {"path": found, "changed": False, "kept": ""}
    kept = "" if test else bootstrap_edit.write(found, wanted)
    return {"path": found, "changed": True, "kept": kept}
