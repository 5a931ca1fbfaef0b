"""One connection for all calls of a run: discovery is read once, TLS is set up once."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Any

from cp_ingress_core.kube.cluster import Cluster

DEFAULT_KUBECONFIG = "/etc/kubernetes/admin.conf"

_NAME = "kube_objects.connections"


def shared(cache: MutableMapping[str, Any], kubeconfig: str | None, context: str | None) -> Cluster:
    """Return the connection for a kubeconfig, kept in `cache`.

    Without `kubeconfig` it is the administrator's, or in a pod the service account. A connection ends with
    the process that made it, since TLS sockets survive no fork, and with a change of the file.
    """
    path = kubeconfig or _default()
    changed = os.stat(path).st_mtime_ns if path and os.path.exists(path) else None
    key = (os.getpid(), path, context, changed)
    kept = cache.setdefault(_NAME, {})
    if key not in kept:
        kept.clear()
        kept[key] = Cluster.connect(path, context)
    cluster: Cluster = kept[key]
    return cluster


def _default() -> str | None:
    in_pod = "KUBERNETES_SERVICE_HOST" in os.environ and not os.path.exists(DEFAULT_KUBECONFIG)
    return None if in_pod else DEFAULT_KUBECONFIG
