"""A cluster whose Dex, console and apiservers follow the endpoint, and changes of it from the Salt master."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.e2e import ingress, pages, transitions
from tests.e2e.transitions import Wish
from tests.sandbox import salt, watch
from tests.sandbox.cluster import Sandbox
from tests.sandbox.process import kill_group, wait_for
from tests.sandbox.salt import SaltResult
from tests.sandbox.sso import USER, LoginError, console, dex, login

MASTERS = ["n1", "n2", "n3"]
COMPONENTS = {
    "dex": {"preset": "dex"},
    "console": {
        "kind": "fragment",
        "namespace": console.NAMESPACE,
        "workload": f"Deployment/{console.NAME}",
        "container": console.NAME,
        "env": {"ISSUER": "{issuer}", "REDIRECT_URL": "{url}/console/callback"},
        "force_conflicts": True,
        "verify": {"url": "{url}/console/healthz"},
    },
}
# Salt's loader clears importlib's caches while another thread of the process imports: a step then ends
# with this before it did anything, and the next run goes on there.
SALTS_OWN = "dictionary changed size during iteration"
KEPT = 600  # seconds that an old address is kept; longer than the change takes anywhere
USERNAME = f"oidc:{USER.email}"
# Seconds between requests to an endpoint. The apiservers are asked twice as often, and people log in at both
# addresses all the time: what watches shall leave the processors to what it watches.
SELDOM = 0.1


@dataclass(frozen=True)
class Change:
    """What came of a change: seconds, what clients of endpoint, apiservers and Dex saw, what Salt told."""

    seconds: float
    seen: watch.Seen
    logins: watch.Seen
    result: SaltResult
    events: list[str]  # as they came over the master's bus: tag, tab, data


def deploy(cluster: Sandbox, wish: Wish) -> str:
    """Deploy the ingress, then Dex and the console as users would; return the CA certificate's path."""
    transitions.write(cluster, wish)
    ingress.apply(cluster)
    ca = ingress.ca_certificate(cluster)
    ingress.wait_for_https(cluster, wish.ip, ca)
    dex.deploy(cluster, wish.ip, ca)
    console.deploy(cluster, wish.ip, ca)
    dex.grant(cluster, USERNAME)
    return ca


def follow(cluster: Sandbox) -> None:
    """Ask in the pillar for apiservers, Dex and console to follow, and start the master and the minions."""
    cluster.start_salt()
    tune(
        cluster,
        apiserver={"client_id": "kubernetes"},
        components=COMPONENTS,
        orchestrate={"bootstrap": "n1", "masters": MASTERS},
    )


def tune(cluster: Sandbox, **tuned: Any) -> None:
    """Add to the pillar's section ``cp_ingress``, for every minion and for the master."""
    path = cluster.pillar / "sandbox.sls"
    document = yaml.safe_load(path.read_text())
    document["cp_ingress"] |= tuned
    path.write_text(yaml.safe_dump(document))


def orchestrate(cluster: Sandbox, *, check: bool = True) -> SaltResult:
    """Run the documented command on the master."""
    (documented,) = pages.commands("changing.md", "salt-run")
    done = cluster.salt(*documented, program="salt-run")
    if any(SALTS_OWN in text for text in failures(done.data)):
        print(f"again, since Salt said: {SALTS_OWN}")
        done = cluster.salt(*documented, program="salt-run")
    assert not check or done.rc == 0, "\n".join(failures(done.data)) or (done.stdout + done.stderr)[-4000:]
    return done


def failures(data: Any) -> list[str]:
    """Return the comments of all failed states in what an orchestration returned, however deep."""
    if isinstance(data, dict):
        own = [str(data.get("comment"))] if data.get("result") is False else []
        return [*own, *(text for value in data.values() for text in failures(value))]
    return [text for value in data for text in failures(value)] if isinstance(data, list) else []


def changes(data: Any) -> list[str]:
    """Return the states of minions that changed something in what an orchestration returned."""
    if isinstance(data, dict):
        made = data.get("changes")
        # A step's own changes, under `ret`, are what the minions returned.
        own = [str(data.get("__id__"))] if isinstance(made, dict) and made and "ret" not in made else []
        return [*own, *(name for value in data.values() for name in changes(value))]
    return [name for value in data for name in changes(value)] if isinstance(data, list) else []


def stop_minion(cluster: Sandbox, name: str) -> None:
    """End a node's minion; `cluster.start_salt` brings it back."""
    node = cluster.node(name)
    pattern = f"salt-minion --config-dir={salt.salt_paths(node).minion}"
    node.run(["pkill", "--full", pattern])
    wait_for(
        lambda: node.run(["pgrep", "--full", pattern], check=False).returncode != 0,
        timeout=30,
        what=f"the minion of {name} ending",
    )


def change(cluster: Sandbox, old: Wish, new: Wish, ca: str, token: str) -> Change:
    """Edit the Bootstrap file and run the documented command, watched from all sides."""
    transitions.forget(cluster, old, new)
    transitions.write(cluster, new)
    watching = watch.both(
        watch.endpoints([old.url, new.url], ca, every=SELDOM, ips=[old.ip, new.ip]),
        watch.apiservers(cluster),
        watch.tokens(cluster, {"old": token}),
    )
    bases = [dex.issuer(old.ip), dex.issuer(new.ip)]
    events = listen(cluster)
    with watching, watch.Logins(bases, ca, accepted_by=cluster.addresses) as logins:
        began = time.monotonic()
        result = orchestrate(cluster)
        seconds = time.monotonic() - began
    kill_group(events)
    return Change(seconds, watching.seen, logins.seen, result, events_log(cluster).read_text().splitlines())


def events_log(cluster: Sandbox) -> Path:
    """Return where `listen` writes."""
    return cluster.nodes[0].directory / "log" / "events.log"


def listen(cluster: Sandbox) -> subprocess.Popen[str]:
    """Begin to print all that comes over the master's event bus."""
    config = salt.salt_paths(cluster.nodes[0]).master
    argv = ["salt-run", f"--config-dir={config}", "state.event"]
    return cluster.popen("n1", argv, log=events_log(cluster))


def accepted(cluster: Sandbox) -> dict[str, list[str]]:
    """Return the issuers that each master's apiserver accepts, by the record."""
    found = cluster.salt_call("n1", "cp_ingress_change.record").data["issuers"]
    assert isinstance(found, dict)
    return found


def log_in(ip: str, ca: str) -> str:
    """Log in at Dex behind an address; again where Dex has just lost its API server. Return the ID token."""

    def attempt() -> str:
        try:
            return login(dex.issuer(ip), ca).id_token
        except LoginError:
            return ""

    return wait_for(attempt, timeout=60, what=f"a login at {ip}")
