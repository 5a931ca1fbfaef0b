"""The main job, shown: three masters, `state.apply cp_ingress`, an address that outlives its node."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.sandbox import network
from tests.sandbox.addresses import CLIENT, LAN_CIDR, VIP_FIRST
from tests.sandbox.build import BuildError
from tests.sandbox.cluster import Sandbox
from tests.sandbox.errors import SandboxError
from tests.sandbox.node import FILES
from tests.sandbox.process import wait_for
from tests.sandbox.salt import salt_paths

BOOTSTRAP = f"""\
apiVersion: cp-ingress/v1
kind: BootstrapConfiguration
networks:
  controlPlane:
    cidr: {LAN_CIDR}
    metalLB:
      enabled: true
    ingress:
      ip: {VIP_FIRST}
"""

URL = f"https://{VIP_FIRST}:8443/"

CLOSING = """
The control-plane ingress answers at {url}
its certificate is issued by      {ca}

Ask it, from a machine on the nodes' network that is no node:
  nsenter --net={netns} curl --cacert {ca} {url}

Watch it outlive the node that announces it ({node}), in two terminals:
  while sleep 0.2; do date +%T.%1N; nsenter --net={netns} curl -sS -m 2 --cacert {ca} {url}; done
  {python} -m tests.sandbox poweroff {node}
and the node's return:
  {python} -m tests.sandbox poweron {node}

See what is there, and what a change would do:
  {python} -m tests.sandbox exec n1 kubectl get pods -A -o wide
  {python} -m tests.sandbox exec n1 salt-call --config-dir={salt} --local cp_ingress.status
  {python} -m tests.sandbox exec n1 salt-call --config-dir={salt} --local state.apply cp_ingress test=True

End it: make demo-down
"""


def say(text: str) -> None:
    """Print a line of progress."""
    print(f"demo: {text}", file=sys.stderr, flush=True)


def up(sandbox: Sandbox) -> str:
    """Bring the cluster up, apply the formula to it, and return what tells how to look at it."""
    say("bringing a three-master cluster up on this machine (what it runs is built first when missing)")
    sandbox.up(3)
    bootstrap, *_ = sandbox.nodes
    sandbox.bootstrap_file(BOOTSTRAP)
    config = salt_paths(bootstrap).masterless
    say(f"/etc/cp-ingress/bootstrap.yaml on {bootstrap.name}:\n{BOOTSTRAP}")
    say(f"{bootstrap.name}$ salt-call --local state.apply cp_ingress   (prints when it ends, in about 40 s)")
    started = time.monotonic()
    apply = [
        "salt-call",
        f"--config-dir={config}",
        "--local",
        "--retcode-passthrough",
        "--state-output=mixed",
    ]
    if bootstrap.interactive([*apply, "state.apply", "cp_ingress"]) not in (0, 2):
        raise SandboxError("state.apply cp_ingress failed: see above; the cluster is left up to look at")
    ca = sandbox.directory / "client" / "ca.crt"
    ca.write_text(sandbox.run(bootstrap.name, ["cat", "/etc/cp-ingress/pki/ca.crt"]).stdout)
    wait_for(lambda: sandbox.https(URL, ca).status, timeout=30, what=f"{URL} answering the client")
    say(f"{URL} answers the client, {time.monotonic() - started:.0f} s after the start of state.apply")
    show_a_page(sandbox, ca)
    (node, *_) = sandbox.announcers(VIP_FIRST).values()
    return CLOSING.format(
        url=URL,
        ca=ca,
        netns=network.netns(CLIENT.name),
        node=node,
        python=sys.executable,
        salt=config,
    )


def show_a_page(sandbox: Sandbox, ca: Path) -> None:
    """Put a small page behind the ingress and wait until the client gets it."""
    say("putting a page behind it (an Ingress of class nginx-control-plane)")
    sandbox.kubectl("apply", "--filename=-", stdin=(FILES / "demo.yaml").read_text())
    wait_for(lambda: sandbox.https(URL, ca).status == 200, timeout=60, what=f"the page at {URL}")
    say(f"the client asked and was told: {sandbox.https(URL, ca).body.decode().strip()}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration or end it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.demo", description=__doc__)
    parser.add_argument("action", choices=("up", "down"))
    options = parser.parse_args(arguments)
    sandbox = Sandbox()
    try:
        if options.action == "up":
            print(up(sandbox))
        else:
            sandbox.down()
    except (SandboxError, BuildError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted; run it again, or `make demo-down`", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
