"""helm template, for real: what comes out, what is said when it fails, and when it is not run at all."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cp_ingress_core.chart.manifests import parse_manifests
from cp_ingress_core.chart.pin import Pin
from cp_ingress_core.chart.render import Release, render
from cp_ingress_core.errors import ChartError
from tests.unit.chart.support import chart_archive

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n"
SCALARS = [
    *(
        "y",
        "Y",
        "yes",
        "YES",
        "n",
        "No",
        "nO",
        "on",
        "off",
        "true",
        "tRUE",
        "False",
        "null",
        "~",
        "Null",
        "yy",
    ),
    *(
        "0",
        "-0",
        "+5",
        "08",
        "0644",
        "0o644",
        "0x1F",
        "0x_1f",
        "0b11",
        "0b2",
        "0_7",
        "1_000",
        "1__0",
        "_1",
        "0x",
    ),
    *(
        "1_0.5",
        ".5",
        "+.5",
        "1.",
        "1.0",
        "1.10",
        "1.2.3",
        "1e",
        "+",
        "1e3",
        "-1.5e+3",
        "1E-2",
        "1e99",
        "1e400",
    ),
    *(
        "12e4567",
        "2024-01-01",
        "2024-01-01T10:00:00Z",
        "12:30",
        "12:30:45",
        "12:30:45.5",
        "=",
        "100m",
        "1Mi",
        "v1",
    ),
]
Objects = list[dict[str, Any]]
Rendered = Callable[..., Objects]
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


@pytest.fixture
def render_files(helm: Path, tmp_path: Path) -> Callable[..., Objects]:
    """Render a chart that is given file by file."""

    def run(files: dict[str, str], values: dict[str, Any] | None = None) -> Objects:
        content = chart_archive(
            {"small/Chart.yaml": "apiVersion: v2\nname: small\nversion: 1.2.3\n", **files}
        )
        (tmp_path / "files.tgz").write_bytes(content)
        pin = Pin("small", "1.2.3", "", hashlib.sha256(content).hexdigest())
        given = Release("mine", "here", pin, tmp_path / "files.tgz", values or {}, "v1.36.3")
        return render(given, tmp_path / "renders", helm=str(helm))

    return run


@pytest.mark.parametrize(
    ("values", "left"),
    [
        pytest.param({}, {"image": {"digest": "abc", "tag": "one"}, "nodes": {}}, id="nothing set"),
        pytest.param(
            {"image": {"digest": None}}, {"image": {"tag": "one"}, "nodes": {}}, id="a default of the chart"
        ),
        pytest.param(
            {"nodes": {"ours": None, "theirs": ""}},
            {"image": {"digest": "abc", "tag": "one"}, "nodes": {"theirs": ""}},
            id="a key of a free map, which would stay as null",
        ),
    ],
)
def test_null_takes_a_key_away(render_files: Callable[..., Objects], values: dict, left: dict) -> None:
    files = {
        "small/values.yaml": "image: {digest: abc, tag: one}\nnodes: {}\n",
        "small/templates/c.yaml": CONFIG + "  values: {{ toJson .Values | quote }}\n",
    }
    assert json.loads(data(render_files(files, values))["values"]) == left


def test_scalars_are_read_as_helm_reads_them(render_files: Callable[..., Objects]) -> None:
    """Rendered text goes through our parser, values through helm's: both must understand the same."""
    text = "".join(f"k{number}: {word}\n" for number, word in enumerate(SCALARS))
    files = {
        "small/words.yaml": text,
        "small/templates/c.yaml": CONFIG
        + '  helm: {{ .Files.Get "words.yaml" | fromYaml | toJson | quote }}\n',
    }
    by_helm = json.loads(data(render_files(files))["helm"])
    ours = parse_manifests(f"{CONFIG}  x: y\nwords:\n{textwrap.indent(text, '  ')}", "words")[0]["words"]
    theirs = {SCALARS[int(key[1:])]: (value, type(value)) for key, value in by_helm.items()}
    assert {SCALARS[int(key[1:])]: (value, type(value)) for key, value in ours.items()} == theirs


def test_crds_come_first_and_hooks_and_tests_not_at_all(render_files: Callable[..., Objects]) -> None:
    hook = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  annotations: {{helm.sh/hook: {hook}}}\n"
    crd = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.x.io}
spec: {group: x.io, scope: Namespaced, names: {kind: Thing}}
"""
    files = {
        "small/crds/thing.yaml": crd,
        "small/templates/thing.yaml": "apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: t}\n",
        "small/templates/hook.yaml": hook.format(name="h", hook="pre-install"),
        "small/templates/tests/test.yaml": hook.format(name="t", hook="test"),
    }
    objects = render_files(files)
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
    given.archive.write_bytes(chart_archive({"small/values.yaml": "a: 1\n"}))
    with pytest.raises(ChartError, match=r"helm template failed: Error: .*Chart\.yaml"):
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
    assert data(rendered(config=CONFIG + "  where: {{ .Release.Namespace }}\n")) == {"where": "here"}
