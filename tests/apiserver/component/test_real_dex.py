"""The real Dex, configured as a component: it serves the new issuer once its pods are started again.

In the place of a kubelet, a thread starts Dex again, out of its Secret, when its Deployment's pods change.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from cp_ingress_core.component.verify import fetch
from tests.apiserver.component import shapes
from tests.apiserver.component.conftest import Place
from tests.apiserver.component.front import Front
from tests.lighttier.processes import Spawner, end, free_ports, log_tail
from tests.sandbox.build import binary
from tests.sandbox.build.cache import Store
from tests.sandbox.build.golang import Go

START_SECONDS = 30
GOES_ON = 302  # to the one connector
DEX = {
    "preset": "dex",
    "verify": {"url": "{issuer}/.well-known/openid-configuration", "json": {"issuer": "{issuer}"}},
}


class Kubelet:
    """Runs the Dex that the namespace's Secret and Deployment describe."""

    def __init__(self, place: Place, folder: Path) -> None:
        self._place, self._folder, self._spawner = place, folder, Spawner()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.starts = 0
        self.problem = ""

    def __enter__(self) -> Kubelet:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._spawner.close()

    def _run(self) -> None:
        process, pods = None, ""
        while not self._ended.wait(0.1):
            found = self._place.pods("dex")
            if found != pods:
                end(process)
                config = self._folder / "config.yaml"
                config.write_text(self._place.text("Secret", "dex", "config.yaml"))
                log = self._folder / f"dex-{self.starts}.log"
                process, pods = self._spawner.start([str(binary("dex")), "serve", str(config)], log), found
                self.starts += 1
            elif process is not None and process.poll() is not None:
                self.problem = log_tail(log)
                return


class Site:
    """Dex behind HTTPS, at two names of one port: the old endpoint and the new one."""

    def __init__(self, place: Place, front: Front, port: int) -> None:
        self.old, self.new = f"https://localhost:{front.port}", front.url
        self.ca_file = str(front.ca_file)
        client = {"id": "ui", "name": "UI", "secret": "canary", "redirectURIs": [f"{self.old}/cb"]}
        config = {
            "issuer": f"{self.old}/oidc",
            "storage": {"type": "memory"},
            "web": {"http": f"127.0.0.1:{port}"},
            "frontend": {"dir": str(Go(Store()).sources("dex", "github.com/dexidp/dex") / "web")},
            "staticClients": [client],
            "enablePasswordDB": True,
        }
        secret, workload = shapes.dex(place.namespace)
        secret["stringData"] = {"config.yaml": yaml.safe_dump(config)}
        place.install(secret, workload)

    def issuer(self, endpoint: str) -> str:
        """The issuer that the discovery document names, "" where nothing answers."""
        answer = fetch(f"{endpoint}/oidc/.well-known/openid-configuration", self.ca_file)
        return str(json.loads(answer.body)["issuer"]) if answer.status == 200 else ""

    def login(self, endpoint: str, redirect: str) -> int:
        """The status of a login begun for a client's redirect."""
        query = {"client_id": "ui", "response_type": "code", "scope": "openid", "redirect_uri": redirect}
        return fetch(f"{endpoint}/oidc/auth?{urlencode(query)}", self.ca_file).status


@pytest.fixture
def site(place: Place, tmp_path: Path) -> Iterator[Site]:
    """Dex, running at the old endpoint."""
    (port,) = free_ports(1)
    with Front(tmp_path, upstream=port) as front:
        found = Site(place, front, port)
        with Kubelet(place, tmp_path) as kubelet:
            wait_until_served(found, kubelet)
            yield found
    assert kubelet.problem == ""


def wait_until_served(site: Site, kubelet: Kubelet) -> None:
    deadline = time.monotonic() + START_SECONDS
    while site.issuer(site.old) != f"{site.old}/oidc":
        assert time.monotonic() < deadline, kubelet.problem
        time.sleep(0.1)


def test_dex_moves_to_the_new_endpoint(place: Place, site: Site) -> None:
    assert site.login(site.old, f"{site.old}/cb") == GOES_ON

    def run(**more: Any) -> Any:
        return place.configured(DEX, endpoint=site.new, ca_file=site.ca_file, **more)

    predicted = run(test=True)
    assert site.issuer(site.old) == f"{site.old}/oidc"
    done = run()

    assert (done["result"], done["changes"]) == (True, predicted["changes"]), done
    assert "answers as it shall" in done["comment"]
    assert site.issuer(site.new) == f"{site.new}/oidc"
    assert site.login(site.new, f"{site.new}/cb") == GOES_ON
    assert site.login(site.new, f"{site.old}/cb") == 400
    assert "canary" not in json.dumps([predicted, done])
    again = run()
    assert (again["result"], again["changes"], place.kit.writes()) == (True, {}, [])

    back = place.configured(DEX, endpoint=site.old, ca_file=site.ca_file)
    assert (back["result"], site.issuer(site.old)) == (True, f"{site.old}/oidc"), back


def test_dex_that_does_not_start_again_fails_the_state(place: Place, site: Site) -> None:
    """The configuration names an issuer, and the one that answers is another."""
    entry = {**DEX, "verify": {**DEX["verify"], "json": {"issuer": "{issuer}/else"}}}

    ret = place.configured(entry, endpoint=site.new, ca_file=site.ca_file, timeout=3)

    assert ret["result"] is False
    assert "issuer is '" in ret["comment"]
    assert {change["action"] for change in ret["changes"].values()} == {"changed", "restarted"}
    assert base64.b64encode(b"canary").decode() not in json.dumps(ret)
