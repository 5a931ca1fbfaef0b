"""The apiserver of this node as the face uses it: what is configured, what is live, and making it so."""

from __future__ import annotations

import glob
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cp_ingress_core.apiserver import change, oidc_flags, plan
from cp_ingress_core.apiserver import flags as command_line
from cp_ingress_core.apiserver import present as files_of
from cp_ingress_core.apiserver.metrics import digest
from cp_ingress_core.apiserver.options import CONFIG_FILE, Options
from cp_ingress_core.apiserver.present import Present
from cp_ingress_core.apiserver.server import LOOPBACK, Server, address, image_version
from cp_ingress_core.apiserver.wanted import Wanted
from cp_ingress_core.errors import ApiserverError, CpIngressError

# How a Server is made from its URL, with an administrator's credentials.
Connect = Callable[[str], Server]


@dataclass(frozen=True)
class Cluster:
    """What is asked of the cluster, of any of its apiservers.

    ``read`` and ``write`` kubeadm's ClusterConfiguration (None: the cluster is not kubeadm's); ``turn`` is
    held while this node's apiserver restarts.
    """

    read: Callable[[], str | None]
    write: Callable[[str], None]
    turn: Callable[[], AbstractContextManager[None]]


def server_of(present: Present, options: Options, connect: Connect) -> Server:
    """Return this node's apiserver: at the URL given, else where its manifest says, else on loopback."""
    if options.server:
        return connect(options.server.rstrip("/"))
    return connect(address(present.manifest) if present.manifest else LOOPBACK)


def ensure(
    wanted: Wanted,
    options: Options,
    connect: Connect,
    cluster: Cluster,
    *,
    test: bool,
    report: Callable[[str], None],
) -> dict[str, Any]:
    """Have this node's apiserver accept exactly the wanted issuers besides those of others, and prove it.

    In test mode nothing is written and no issuer is asked.

    Returns ``changes``, ``method``, ``seen`` (the proof for each issuer) and ``warnings``. Raises
    CpIngressError; ``info["changes"]`` holds what was done and stands.
    """
    if not test:
        for path in change.clean(options, f"{options.config_dir}/{CONFIG_FILE}"):
            report(f"removed what an interrupted run left beside {path}")
    present = files_of.read(options)
    server = server_of(present, options, connect)
    version = _version(server, present)
    made = plan.make(present, wanted, options, version)
    changes = dict(made.changes)
    if test:
        _in_step(made, cluster, changes, write=False)
        return {"changes": changes, "method": made.method, "seen": {}, "warnings": list(made.warnings)}
    seen = change.Change(present, made, server, version, options, report, cluster.turn).run()
    try:
        _in_step(made, cluster, changes, write=True)
    except CpIngressError as err:
        err.info["changes"] = changes
        raise
    return {"changes": changes, "method": made.method, "seen": seen, "warnings": list(made.warnings)}


def _in_step(made: plan.Plan, cluster: Cluster, changes: dict[str, Any], *, write: bool) -> None:
    """Keep kubeadm's configuration in step, where there is one."""
    text = cluster.read() if made.manifest is not None else None
    if text is None:
        return
    edited = made.kubeadm(text)
    if edited == text:
        return
    if write:
        cluster.write(edited)
    changes["kube-system/kubeadm-config"] = {"ClusterConfiguration": "apiServer.extraArgs as in the manifest"}


def live_view(options: Options, connect: Connect) -> dict[str, Any]:
    """Return what the running apiserver says of itself, beside what the files say."""
    present = files_of.read(options)
    server = server_of(present, options, connect)
    metrics = server.metrics()
    issuers = present.issuers
    found: dict[str, Any] = {
        "server": server.url,
        "ready": not server.ready(),
        "version": ".".join(map(str, server.version() or ())) or None,
        "flags": process_flags(present),
        "config_hash": metrics.config_hash if metrics else None,
        "uses_file": None,
        "keys_fetched": {url: metrics.keys_fetched(url) if metrics else None for url in issuers},
    }
    if present.method == "structured" and present.config and metrics and metrics.config_hash:
        found["uses_file"] = metrics.config_hash == digest(present.config.text)
    if found["flags"] is not None and present.manifest is not None:
        names = [oidc_flags.STRUCTURED, *oidc_flags.present({**present.flags, **found["flags"]})]
        found["uses_flags"] = all(found["flags"].get(name) == present.flags.get(name) for name in names)
        found["flags"] = {name: found["flags"][name] for name in names if name in found["flags"]}
    return found


def process_flags(present: Present) -> dict[str, list[str]] | None:
    """Return the flags of the running apiserver process, as /proc shows them.

    None where there is no process of that name, or several whose port does not tell them apart.
    """
    port = command_line.last(present.flags, "secure-port", "6443")
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            arguments = Path(path).read_bytes().decode(errors="replace").split("\0")[:-1]
        except OSError:
            continue  # it ended meanwhile
        if arguments and Path(arguments[0]).name == "kube-apiserver":
            flags = command_line.read(arguments[1:])
            if command_line.last(flags, "secure-port", "6443") == port:
                found.append(flags)
    return found[0] if len(found) == 1 else None


def _version(server: Server, present: Present) -> tuple[int, int]:
    """Return the server's version; that of its image where it does not answer, as after a broken change."""
    version = server.version()
    if version is None and present.manifest is not None:
        version = image_version(present.manifest.image)
    if version is None:
        raise ApiserverError(
            f"{server.url} does not tell its version: {server.ready() or 'it answers otherwise'}",
            reason="NotReady",
        )
    return version
