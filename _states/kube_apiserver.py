"""The OIDC issuers that this node's kube-apiserver accepts."""

from salt.exceptions import CommandExecutionError

__virtualname__ = "kube_apiserver"


def __virtual__():
    return __virtualname__


def oidc_issuer(  # noqa: PLR0913, PLR0917  every choice is a keyword in SLS files
    name,
    issuers,
    method=None,
    client_id=None,
    audiences=None,
    username_claim=None,
    username_prefix=None,
    groups_claim=None,
    groups_prefix=None,
    ca_pem=None,
    ca_file=None,
    manifest=None,
    container=None,
    manage_manifest=None,
    config_dir=None,
    backup_dir=None,
    server=None,
    timeout=None,
    token_file=None,
    kubeconfig=None,
    context=None,
):
    """
    Have this node's apiserver accept exactly these issuers besides those of others, proven by itself.

    name
        Any text.

    issuers, method, client_id, audiences, username_claim, username_prefix, groups_claim, groups_prefix
        As for the execution function ``kube_apiserver.ensure``, which lists the permissions needed too.

    ca_pem, ca_file, manifest, container, manage_manifest, config_dir, backup_dir, server, timeout, token_file
        Likewise.

    kubeconfig, context
        Likewise.

    An issuer that is not reachable, a wrong CA or content that the apiserver would refuse fails the state
    before anything is written. If the apiserver does not come to use what was written, the earlier files are
    put back and the state fails. Test mode says what would change and asks no issuer.

    .. code-block:: yaml

        cp_ingress-apiserver-issuers-accepted:
          kube_apiserver.oidc_issuer:
            - client_id: console
            - issuers:
              - url: https://10.200.0.50:8443/oidc
    """
    arguments = {
        "method": method,
        "client_id": client_id,
        "audiences": audiences,
        "username_claim": username_claim,
        "username_prefix": username_prefix,
        "groups_claim": groups_claim,
        "groups_prefix": groups_prefix,
        "ca_pem": ca_pem,
        "ca_file": ca_file,
        "manifest": manifest,
        "container": container,
        "manage_manifest": manage_manifest,
        "config_dir": config_dir,
        "backup_dir": backup_dir,
        "server": server,
        "timeout": timeout,
        "token_file": token_file,
        "kubeconfig": kubeconfig,
        "context": context,
    }
    ret = {"name": name, "result": True, "changes": {}, "comment": ""}
    try:
        done = __salt__["kube_apiserver.ensure"](issuers, test=__opts__["test"], **arguments)
    except CommandExecutionError as err:
        return _failed(ret, err)
    ret["changes"] = done["changes"]
    if done["warnings"]:
        ret["warnings"] = done["warnings"]
    if __opts__["test"]:
        ret["result"] = None if done["changes"] else True
        ret["comment"] = "These files would change" if done["changes"] else "The files are as they shall be"
        return ret
    proof = "; ".join(f"{issuer}: {what}" for issuer, what in done["seen"].items())
    ret["comment"] = f"The apiserver is ready and proved its issuers ({done['method']}): {proof}"
    return ret


def ca_published(name, ca_file):
    """
    Keep the issuers' CA certificate in the ConfigMap ``cp-ingress/cp-ingress-ca``, for every master to find.

    name
        Any text.

    ca_file
        The PEM file on this node; keys in it are not published.

    In test mode a file that is not there yet is predicted to change the ConfigMap. RBAC: as
    ``kube_objects.applied`` for that ConfigMap.

    .. code-block:: yaml

        cp_ingress-certs-published-ca:
          kube_apiserver.ca_published:
            - ca_file: /etc/cp-ingress/pki/ca.crt
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": ""}
    try:
        found = __salt__["kube_apiserver.ca_config_map"](ca_file)
    except CommandExecutionError as err:
        if not __opts__["test"]:
            return _failed(ret, err)
        return {**ret, "result": None, "comment": f"{ca_file} would be made, and published then"}
    return __states__["kube_objects.applied"](name, objects=[found], applyset="cp-ingress-ca")


def _failed(ret, err):
    info = getattr(err, "info", None)
    info = info if isinstance(info, dict) else {}
    lines = [str(err)]
    if info.get("restored"):
        lines.append(f"Put back as before: {', '.join(info['restored'])}")
    if info.get("after_restoring"):
        lines.append(
            "The apiserver is not ready with the earlier files either: look at its log and the kubelet's"
        )
    return {**ret, "result": False, "changes": info.get("changes", {}), "comment": "\n".join(lines)}
