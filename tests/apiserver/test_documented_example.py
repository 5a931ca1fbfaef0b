"""The example of docs/objects.md, run as it stands there: SLS files and pillar are cut out of the page."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.formula.salt_caller import PROJECT, Masterless, masterless
from tests.lighttier import LightApiserver
from tests.lighttier.controllers import Controllers
from tests.sandbox.build import binary
from tests.unit.chart.support import chart_archive

PAGE = PROJECT / "docs" / "objects.md"
NOTICES = "/api/v1/namespaces/guestbook/configmaps"
DEPLOYMENT = "/apis/apps/v1/namespaces/guestbook/deployments/guestbook"
TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, annotations: {title: {{ .Values.title | quote }}}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: guestbook}}
  template:
    metadata: {labels: {app: guestbook}}
    spec: {containers: [{name: web, image: "registry.example.org/guestbook:1"}]}
{{- if .Values.service }}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: guestbook}, ports: [{port: 80}]}
{{- end }}
"""


def blocks() -> dict[str, str]:
    """Return the page's code blocks by what their first line, a comment, names."""
    found = re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return {name.removeprefix("/srv/salt/guestbook/"): text for name, text in found}


@dataclass
class Guestbook:
    """The example, on a minion of its own."""

    server: LightApiserver
    minion: Masterless
    pillar: dict[str, Any]

    def run(self, sls: str = "guestbook", *, test: bool = False) -> list[dict[str, Any]]:
        """Run an SLS file and return the states' results in their order."""
        tuning = {"cp_ingress": {"kubeconfig": str(self.server.kubeconfig)}, "guestbook": self.pillar}
        (self.minion.pillar_root / "tuning.sls").write_text(yaml.safe_dump(tuning))
        (answer,) = self.minion.call(["state.apply", sls, {"__kwarg__": True, "test": test}])
        assert isinstance(answer, dict), answer
        return sorted(answer.values(), key=lambda result: result["__run_num__"])

    def changes(self, sls: str = "guestbook", *, test: bool = False) -> dict[str, str]:
        """Run an SLS file; return object -> action. Every state must succeed."""
        results = self.run(sls, test=test)
        assert [r["comment"] for r in results if r["result"] is False] == []
        return {key: value["action"] for r in results for key, value in r["changes"].items()}

    def handover(self, **options: Any) -> None:
        """Pass the set of the notices on."""
        arguments = {"__kwarg__": True, "applyset_namespace": "guestbook", **options}
        self.minion.call(["kube_objects.handover", "guestbook-notices", arguments])

    def notices(self) -> dict[str, str]:
        """Return the notices in the cluster."""
        _, answer = self.server.request("GET", NOTICES)
        return {
            item["metadata"]["name"].removeprefix("notice-"): item["data"]["text"]
            for item in answer["items"]
            if item["metadata"]["name"].startswith("notice-")
        }

    def kubectl_apply(self, *notices: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """Run the kubectl command of the page."""
        return subprocess.run(
            [
                *(str(binary("kubectl")), f"--kubeconfig={self.server.kubeconfig}", "apply", "--server-side"),
                *("--force-conflicts", "--namespace=guestbook", "--prune"),
                *("--applyset=secret/guestbook-notices", "-f", "-"),
            ],
            input=json.dumps({"apiVersion": "v1", "kind": "List", "items": notices}),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "KUBECTL_APPLYSET": "true", "HOME": str(self.server.folder)},
        )


@pytest.fixture(scope="module")
def server() -> Iterator[LightApiserver]:
    """An apiserver of this module's own, where workloads become ready."""
    server = LightApiserver()
    try:
        server.open()
        with Controllers(server):
            yield server
    finally:
        server.close()


@pytest.fixture
def guestbook(server: LightApiserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Guestbook]:
    """The page's files in a Salt tree, an archive with its digest, and the page's pillar with other paths."""
    monkeypatch.setenv("PATH", f"{binary('helm').parent}{os.pathsep}{os.environ['PATH']}")
    page = blocks()
    archive = chart_archive(
        {
            "guestbook/Chart.yaml": "apiVersion: v2\nname: guestbook\nversion: 1.0.0\n",
            "guestbook/values.yaml": "title: none\nreplicas: 1\nservice: true\n",
            "guestbook/templates/all.yaml": TEMPLATE,
        }
    )
    archives, tree = tmp_path / "charts", tmp_path / "salt"
    archives.mkdir()
    (archives / "guestbook-1.0.0.tgz").write_bytes(archive)
    digest = hashlib.sha256(archive).hexdigest()
    for name in ("init.sls", "removed.sls", "chart/chart.yaml", "chart/options.yaml.j2"):
        path = tree / "guestbook" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page[name].replace("0" * 64, digest))
    minion = masterless(tmp_path / "minion")
    minion.file_root = tree
    (minion.pillar_root / "top.sls").write_text(yaml.safe_dump({"base": {"*": ["tuning"]}}))
    pillar = yaml.safe_load(page["pillar"])["guestbook"]
    pillar |= {"archives": str(archives), "cache": str(tmp_path / "cache")}
    found = Guestbook(server, minion, pillar)
    yield found
    found.run("guestbook.removed")


def test_the_page_has_every_file_that_it_lists() -> None:
    assert set(blocks()) == {"chart/chart.yaml", "chart/options.yaml.j2", "init.sls", "removed.sls", "pillar"}


def test_test_mode_the_run_and_the_run_after_it(guestbook: Guestbook) -> None:
    mark = guestbook.server.mark()
    foretold = guestbook.changes(test=True)
    assert [event.uri for event in guestbook.server.since(mark, "salt") if event.is_write] == []
    done = guestbook.changes()
    assert foretold == done
    assert done.keys() >= {
        "apps/v1/Deployment guestbook/guestbook",
        "v1/Service guestbook/guestbook",
        "v1/ConfigMap guestbook/notice-welcome",
    }
    mark = guestbook.server.mark()
    assert guestbook.changes() == {}
    assert [event.uri for event in guestbook.server.since(mark, "salt") if event.is_write] == []
    _, live = guestbook.server.request("GET", DEPLOYMENT)
    assert (live["spec"]["replicas"], live["metadata"]["annotations"]["title"]) == (2, "Visitors")


def test_what_leaves_the_pillar_or_the_chart_goes(guestbook: Guestbook) -> None:
    guestbook.pillar["notices"] = {"welcome": "Be kind.", "closed": "Not on Sundays."}
    guestbook.changes()
    del guestbook.pillar["notices"]["closed"]
    guestbook.pillar["values"] = {"service": False}
    assert guestbook.changes() == {
        "v1/Service guestbook/guestbook": "deleted",
        "v1/ConfigMap guestbook/notice-closed": "deleted",
    }
    assert guestbook.notices() == {"welcome": "Be kind."}


def test_removed(guestbook: Guestbook) -> None:
    guestbook.changes()
    assert "deleted" in guestbook.changes("guestbook.removed").values()
    assert guestbook.notices() == {}
    assert guestbook.changes("guestbook.removed") == {}


def notice(name: str, text: str, **more: str) -> dict[str, Any]:
    """Return the manifest of a notice."""
    metadata = {"name": f"notice-{name}", "namespace": "guestbook"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"text": text, **more}}


def test_what_kubectl_made_is_taken_over_with_all_its_fields(guestbook: Guestbook) -> None:
    guestbook.changes()
    guestbook.server.kubectl("apply", "-f", "-", stdin=json.dumps(notice("old", "Hello.", extra="left over")))
    guestbook.pillar["notices"] = {"welcome": "Be kind.", "old": "Hello."}
    assert guestbook.changes() == {"v1/ConfigMap guestbook/notice-old": "adopted"}
    _, live = guestbook.server.request("GET", f"{NOTICES}/notice-old")
    assert live["data"] == {"text": "Hello."}


def test_a_set_is_passed_on_to_kubectl_and_back(guestbook: Guestbook) -> None:
    guestbook.pillar["notices"] = {"welcome": "Be kind.", "closed": "Not on Sundays."}
    guestbook.changes()
    assert guestbook.kubectl_apply(notice("welcome", "Be kind.")).returncode != 0
    assert set(guestbook.notices()) == {"welcome", "closed"}

    guestbook.handover(tooling="kubectl/v1.36")
    answer = guestbook.kubectl_apply(notice("welcome", "Be kind."))
    assert answer.returncode == 0, answer.stderr
    assert set(guestbook.notices()) == {"welcome"}
    refused = [result for result in guestbook.run() if result["result"] is False]
    assert len(refused) == 1
    assert "belongs to 'kubectl/v1.36" in refused[0]["comment"]

    guestbook.handover()
    guestbook.pillar["notices"] = {"closed": "Not on Sundays."}
    guestbook.changes()
    assert set(guestbook.notices()) == {"closed"}
