"""helm template, for real: what comes out, what is said when it fails, and when it is not run at all."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cp_ingress_core.chart.pin import Pin
from cp_ingress_core.chart.render import Release, render
from cp_ingress_core.errors import ChartError
from tests.unit.chart.support import chart_archive

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n"
Rendered = Callable[..., list[dict[str, Any]]]
Counted = tuple[Path, Callable[[], int]]


def data(objects: list[dict[str, Any]]) -> dict[str, str]:
    return objects[0]["data"]


def test_release_namespace_and_versions_reach_the_templates(rendered: Rendered) -> None:
    text = CONFIG + (
        "  release: {{ .Release.Name }}\n"
        "  namespace: {{ .Release.Namespace }}\n"
        "  version: {{ .Capabilities.KubeVersion.Version }}\n"
        '  deployments: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}\n'
        '  monitors: {{ .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" | quote }}\n'
    )
    assert data(rendered(config=text)) == {
        "release": "mine",
        "namespace": "here",
        "version": "v1.36.3",
        "deployments": "true",
        "monitors": "false",
    }


def test_values_reach_the_templates_with_their_types(rendered: Rendered) -> None:
    kinds = '{{ printf "%T %T" .Values.text .Values.flag | quote }}'
    text = CONFIG + f"  text: {{{{ .Values.text | quote }}}}\n  kinds: {kinds}\n"
    values = {"text": "yes: {{ no }} # 'quoted'\n---\n", "flag": True}
    assert data(rendered(values, config=text)) == {"text": values["text"], "kinds": "string bool"}


def test_null_takes_a_default_of_the_chart_away(helm: Path, tmp_path: Path) -> None:
    content = chart_archive(
        {
            "small/Chart.yaml": "apiVersion: v2\nname: small\nversion: 1.2.3\n",
            "small/values.yaml": "image: {digest: abc, tag: one}\n",
            "small/templates/c.yaml": CONFIG
            + '  keys: {{ keys .Values.image | sortAlpha | join "," | quote }}\n',
        }
    )
    (tmp_path / "c.tgz").write_bytes(content)
    pin = Pin("small", "1.2.3", "", hashlib.sha256(content).hexdigest())
    for values, keys in (({}, "digest,tag"), ({"image": {"digest": None}}, "tag")):
        given = Release("mine", "here", pin, tmp_path / "c.tgz", values, "v1.36.3")
        assert data(render(given, tmp_path / "renders", helm=str(helm))) == {"keys": keys}


def test_crds_come_first_and_hooks_and_tests_not_at_all(helm: Path, tmp_path: Path) -> None:
    hook = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  annotations: {{helm.sh/hook: {hook}}}\n"
    crd = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.x.io}
spec: {group: x.io, scope: Namespaced, names: {kind: Thing}}
"""
    content = chart_archive(
        {
            "small/Chart.yaml": "apiVersion: v2\nname: small\nversion: 1.2.3\n",
            "small/crds/thing.yaml": crd,
            "small/templates/thing.yaml": "apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: t}\n",
            "small/templates/hook.yaml": hook.format(name="h", hook="pre-install"),
            "small/templates/tests/test.yaml": hook.format(name="t", hook="test"),
        }
    )
    (tmp_path / "c.tgz").write_bytes(content)
    given = Release("mine", "here", Pin("small", "1.2.3", "", "0" * 64), tmp_path / "c.tgz", {}, "v1.36.3")
    objects = render(given, tmp_path / "renders", helm=str(helm))
    assert [(item["kind"], item["metadata"].get("namespace")) for item in objects] == [
        ("CustomResourceDefinition", None),
        ("Thing", "here"),
    ]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        pytest.param('a: {{ fail "this value is wrong" }}', "this value is wrong", id="the chart refuses"),
        pytest.param("a: {{ .Values.x.y }}", "nil pointer", id="a value is missing"),
        pytest.param("a: {{ end }}", "unexpected {{end}}", id="not a template"),
        pytest.param("a: b: c", "YAML parse error on small/templates/broken.yaml", id="not YAML"),
    ],
)
def test_helms_own_message_is_shown_and_nothing_is_kept(
    rendered: Rendered, tmp_path: Path, template: str, said: str
) -> None:
    with pytest.raises(ChartError) as caught:
        rendered(broken=template)
    assert said in str(caught.value)
    assert "chart small 1.2.3: helm template failed: Error: " in str(caught.value)
    assert list((tmp_path / "renders").glob("render-*")) == []


def test_an_archive_that_helm_cannot_read_is_its_error(
    release: Callable[..., Release], helm: Path, tmp_path: Path
) -> None:
    given = release(config=CONFIG)
    given.archive.write_bytes(b"not an archive")
    with pytest.raises(ChartError, match="helm template failed"):
        render(given, tmp_path / "renders", helm=str(helm))


def test_a_second_render_runs_no_helm(
    release: Callable[..., Release], counted_helm: Counted, tmp_path: Path
) -> None:
    program, calls = counted_helm
    given = release(config=CONFIG + "  a: b\n")
    first = render(given, tmp_path / "renders", helm=str(program))
    assert calls() == 2  # its version, and the render
    again = dataclasses.replace(given, api_versions=[*reversed(given.api_versions), "apps/v1"])
    assert render(again, tmp_path / "renders", helm=str(program)) == first
    assert calls() == 2


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"name": "other"}, id="release name"),
        pytest.param({"namespace": "other"}, id="namespace"),
        pytest.param({"values": {"a": 1}}, id="values"),
        pytest.param({"kube_version": "v1.35.0"}, id="server version"),
        pytest.param({"api_versions": ["batch/v1"]}, id="what the server serves"),
        pytest.param({"pin": Pin("small", "1.2.3", "", "1" * 64)}, id="archive"),
    ],
)
def test_whatever_it_depends_on_renders_anew(
    release: Callable[..., Release], counted_helm: Counted, tmp_path: Path, change: dict[str, Any]
) -> None:
    program, calls = counted_helm
    given = release(config=CONFIG + "  a: b\n")
    render(given, tmp_path / "renders", helm=str(program))
    render(dataclasses.replace(given, **change), tmp_path / "renders", helm=str(program))
    assert calls() == 3


def test_a_damaged_render_is_made_anew(
    release: Callable[..., Release], counted_helm: Counted, tmp_path: Path
) -> None:
    program, calls = counted_helm
    given = release(config=CONFIG + "  a: b\n")
    first = render(given, tmp_path / "renders", helm=str(program))
    (kept,) = (tmp_path / "renders").glob("render-*")
    kept.write_bytes(kept.read_bytes()[:40])
    assert render(given, tmp_path / "renders", helm=str(program)) == first
    assert render(given, tmp_path / "renders", helm=str(program)) == first
    assert calls() == 3


def test_a_rendered_secret_is_readable_by_nobody_else(rendered: Rendered, tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        rendered(s="apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: canary}\n")
    finally:
        os.umask(umask)
    renders = tmp_path / "renders"
    assert renders.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in renders.iterdir()} == {0o600}


def test_the_users_helm_set_up_changes_nothing(
    rendered: Rendered, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plugin = tmp_path / "home" / "plugins" / "broken" / "plugin.yaml"
    plugin.parent.mkdir(parents=True)
    plugin.write_text("name: [broken\n", encoding="utf-8")
    monkeypatch.setenv("HELM_PLUGINS", str(plugin.parents[1]))
    monkeypatch.setenv("HELM_NAMESPACE", "elsewhere")
    monkeypatch.setenv("HELM_KUBECONTEXT", "nowhere")
    assert data(rendered(config=CONFIG + "  n: {{ .Release.Namespace }}\n")) == {"n": "here"}
