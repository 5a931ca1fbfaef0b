"""How to reach a cluster and as whom: from a kubeconfig, or from the pod's service account.

Most kubeconfigs name a server, a CA and a client certificate or a token; these are read here. Everything
else, such as exec plug-ins and proxies, is left to the ``kubernetes`` package, whose import alone takes
longer than a run that changes nothing.
"""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cp_ingress_core.errors import KubeconfigError

_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN_SECONDS = 60.0  # tokens in files are renewed long before they expire
_PROXY_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")

# What the entries of a kubeconfig may hold to be read here.
_CLUSTER = frozenset({"certificate-authority", "certificate-authority-data", "server", "tls-server-name"})
_USER = frozenset(
    {
        "client-certificate",
        "client-certificate-data",
        "client-key",
        "client-key-data",
        "token",
        "tokenFile",
    }
)


@dataclass(frozen=True)
class Access:
    """A server's URL, TLS that verifies it, the current Authorization header, a proxy's URL.

    `source` names in messages where all this comes from; `server_name` is what the server's certificate must
    name when that is not the host.
    """

    source: str
    server: str
    tls: ssl.SSLContext
    authorization: Callable[[], str | None] = lambda: None
    server_name: str = ""
    proxy: str = ""


def read(kubeconfig: str | None, context: str | None = None) -> Access:
    """Return the access that a kubeconfig (a path) gives, or the pod's service account when it is None.

    Raises KubeconfigError when the file or its credentials cannot be used, or when it switches TLS
    verification off.
    """
    if kubeconfig is None:
        return _in_pod(_SERVICE_ACCOUNT)
    content = _read_file(kubeconfig)
    try:
        return _plain(content, kubeconfig, context) or _any(content, kubeconfig, context)
    except (KeyError, TypeError, ValueError, OSError) as err:
        raise KubeconfigError(f"kubeconfig {kubeconfig} cannot be used: {_first_line(err)}") from None


def _plain(content: Mapping[str, Any], path: str, context: str | None) -> Access | None:
    """Return the access of a kubeconfig that holds nothing but plain entries, else None."""
    if any(os.environ.get(name) for name in _PROXY_VARIABLES):
        return None
    chosen = _entry(content, "contexts", context or content.get("current-context"), "context")
    cluster = _entry(content, "clusters", (chosen or {}).get("cluster"), "cluster")
    user = _entry(content, "users", (chosen or {}).get("user"), "user")
    if cluster is None or user is None or not (cluster.keys() <= _CLUSTER and user.keys() <= _USER):
        return None
    server = cluster.get("server")
    if not isinstance(server, str) or not server.startswith("https://"):
        return None
    folder = os.path.dirname(os.path.abspath(path))
    parts = [
        _pem(cluster, "certificate-authority", folder),
        _pem(user, "client-certificate", folder),
        _pem(user, "client-key", folder),
    ]
    authority, certificate, key = parts
    if bool(certificate) != bool(key):
        return None
    tls = ssl.create_default_context(cadata=authority)  # None: what the system trusts
    if certificate and key:
        _load_pair(tls, certificate, key)
    authorization = _bearer(user.get("token"), user.get("tokenFile"), folder)
    return Access(path, server.rstrip("/"), tls, authorization, cluster.get("tls-server-name") or "")


def _entry(content: Mapping[str, Any], section: str, name: Any, part: str) -> Mapping[str, Any] | None:
    """Return the one entry of that name, None when there is not exactly one or it is no mapping."""
    listed = content.get(section)
    entries = listed if isinstance(listed, list) else []
    found = [entry.get(part) for entry in entries if isinstance(entry, Mapping) and entry.get("name") == name]
    return found[0] if len(found) == 1 and isinstance(found[0], Mapping) else None


def _pem(entry: Mapping[str, Any], name: str, folder: str) -> str | None:
    """Return what ``NAME-data`` holds, or the file that NAME names; None without either."""
    data, file = entry.get(f"{name}-data"), entry.get(name)
    if data:
        return base64.b64decode(data).decode("ascii")
    if not file:
        return None
    with open(os.path.join(folder, file), encoding="utf-8") as stream:
        return stream.read()


def _bearer(token: str | None, file: str | None, folder: str) -> Callable[[], str | None]:
    """Return what gives the Authorization header; a token in a file is read again every minute."""
    if token or not file:
        header = _header(f"Bearer {token.strip()}") if token else None
        return lambda: header
    path = os.path.join(folder, file)
    kept = (time.monotonic(), _token(path))

    def current() -> str:
        nonlocal kept
        if time.monotonic() - kept[0] > _TOKEN_SECONDS:
            kept = (time.monotonic(), _token(path))
        return _header(f"Bearer {kept[1]}")

    return current


def _token(path: str) -> str:
    with open(path, encoding="utf-8") as stream:
        found = stream.read().strip()
    if not found:
        raise KubeconfigError(f"the token file {path} is empty")
    return found


def _load_pair(tls: ssl.SSLContext, certificate: str, key: str) -> None:
    # OpenSSL reads them from files only.
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as file:  # only this user may read it
        file.write(f"{certificate}\n{key}")
        file.flush()
        tls.load_cert_chain(file.name)


def _any(content: dict[str, Any], path: str, context: str | None) -> Access:
    """Return the access of any kubeconfig that the kubernetes package can read."""
    from kubernetes.client.configuration import Configuration
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader

    configuration = Configuration()
    new_loader: Any = KubeConfigLoader
    try:
        folder = os.path.dirname(os.path.abspath(path))
        loader = new_loader(config_dict=content, active_context=context, config_base_path=folder)
        loader.load_and_set(configuration)
    except ConfigException as err:
        raise KubeconfigError(f"kubeconfig {path} cannot be used: {_first_line(err)}") from None
    if not configuration.verify_ssl:
        raise KubeconfigError(
            f"kubeconfig {path} sets insecure-skip-tls-verify: give certificate-authority-data instead,"
            " the API server's certificate is always verified"
        )
    _check_exec(configuration, content, path, loader.current_context)
    return _access(configuration, path)


def _in_pod(folder: str) -> Access:
    source, token, authority = "the pod's service account", f"{folder}/token", f"{folder}/ca.crt"
    if not os.path.exists(token):
        raise KubeconfigError(
            "no kubeconfig is given and this process does not run in a pod: name a kubeconfig"
        )
    host, port = (os.environ.get(f"KUBERNETES_SERVICE_{part}") for part in ("HOST", "PORT"))
    if not host or not port:
        raise KubeconfigError(
            f"{source} cannot be used: Service host/port is not set in the environment"
            " (KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT)"
        )
    try:
        tls = ssl.create_default_context(cafile=authority)
        authorization = _bearer(None, token, folder)
    except OSError as err:
        raise KubeconfigError(f"{source} cannot be used: {_first_line(err)}: {authority}") from None
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    return Access(source, server, tls, authorization)


def _access(configuration: Any, source: str) -> Access:
    """Return what the kubernetes package made of a kubeconfig."""
    from kubernetes.client.rest import should_bypass_proxies

    if urlsplit(configuration.host).scheme != "https":
        raise KubeconfigError(f"{source}: the server must be an https:// URL, not {configuration.host}")
    tls = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if configuration.cert_file:
        tls.load_cert_chain(configuration.cert_file, configuration.key_file)
    proxy = configuration.proxy or ""
    if proxy and should_bypass_proxies(configuration.host, configuration.no_proxy or ""):
        proxy = ""
    if proxy and urlsplit(proxy).scheme != "http":
        raise KubeconfigError(f"{source}: the proxy {proxy} must be an http:// URL; others are not supported")
    return Access(
        source,
        configuration.host,
        tls,
        lambda: _current(configuration),
        getattr(configuration, "tls_server_name", None) or "",
        proxy,
    )


def _current(configuration: Any) -> str | None:
    value = configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
    return _header(value) if isinstance(value, str) else None


def _header(value: str) -> str:
    """Return what a header may hold; a token in a file mostly ends in a newline."""
    found = value.strip()
    if not (found.isascii() and found.isprintable()):
        raise KubeconfigError("the token holds characters that no HTTP header may hold: write it on one line")
    return found


def _read_file(path: str) -> dict[str, Any]:
    import yaml

    try:
        with open(path, encoding="utf-8") as stream:
            content = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except OSError as err:
        raise KubeconfigError(f"kubeconfig {path} cannot be read: {err.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise KubeconfigError(f"kubeconfig {path} is not YAML") from None
    if not isinstance(content, dict):
        raise KubeconfigError(f"kubeconfig {path} is not a mapping")
    return content


def _check_exec(configuration: Any, content: dict[str, Any], path: str, context: dict[str, Any]) -> None:
    """Refuse to go on anonymously when an exec plug-in gave nothing: the package only logs that."""
    name = context.get("context", {}).get("user")
    user = next((u.get("user") or {} for u in content.get("users") or [] if u.get("name") == name), {})
    if "exec" in user and not configuration.api_key and not configuration.cert_file:
        command = user["exec"].get("command", "?")
        raise KubeconfigError(
            f"kubeconfig {path}: the exec plug-in {command!r} gave no credentials; run it by hand to see why"
        )


def _first_line(err: BaseException) -> str:
    lines = str(err).splitlines()
    return lines[0][:200] if lines and lines[0] else type(err).__name__
