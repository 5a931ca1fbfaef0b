"""The layers hold in this repository, and the checker that says so notices every kind of break."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.layers import SPEAKERS, sources, violations

PROJECT = Path(__file__).resolve().parents[2]


def test_the_layers_hold() -> None:
    assert len(sources(PROJECT)) > 20
    assert violations(PROJECT) == []


def test_every_module_that_may_speak_http_exists() -> None:
    assert [name for name in SPEAKERS if not (PROJECT / "_modules/cp_ingress_core" / name).is_file()] == []


def plant(root: Path, path: str, code: str) -> list[str]:
    """Write one file into an empty tree and check the tree."""
    (root / path).parent.mkdir(parents=True)
    (root / path).write_text(code)
    return violations(root)


CORE = "_modules/cp_ingress_core"


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        pytest.param("_states/a.py", "import yaml", "a state imports yaml", id="state imports a package"),
        pytest.param(
            "_states/a.py",
            "def f():\n    from cp_ingress_core import errors",
            "a state imports cp_ingress_core.errors",
            id="state imports the library, late",
        ),
        pytest.param(
            "_modules/a.py", "import jinja2", "a face imports jinja2", id="face does the library's work"
        ),
        pytest.param(
            "_modules/yaml.py", "import yaml", "a face has the name of the package yaml", id="face shadows"
        ),
        pytest.param(
            f"{CORE}/a.py", "x = __salt__['test.ping']()", "uses __salt__", id="library uses __salt__"
        ),
        pytest.param(
            f"{CORE}/a.py", "def f():\n    return __pillar__", "uses __pillar__", id="and __pillar__"
        ),
        pytest.param(
            f"{CORE}/a.py",
            "import salt.utils.files",
            "it knows Salt's exceptions only",
            id="library uses Salt",
        ),
        pytest.param(f"{CORE}/kube/a.py", "import urllib3", "speaks HTTP", id="HTTP beside the transport"),
        pytest.param(
            f"{CORE}/kube/a.py", "from urllib import request", "speaks HTTP", id="HTTP by another name"
        ),
        pytest.param(
            f"{CORE}/chart/source.py", "import http.client\nimport kubernetes", "speaks HTTP", id="wrong HTTP"
        ),
        pytest.param("_modules/a.py", "def f():\n    import requests", "speaks HTTP", id="HTTP in a face"),
        pytest.param(
            f"{CORE}/kube/credentials.py", "import kubernetes", "imported with the module", id="eager"
        ),
        pytest.param(
            f"{CORE}/kube/a.py",
            "from cp_ingress_core.chart import pin",
            "stay apart",
            id="kube imports chart",
        ),
        pytest.param(f"{CORE}/kube/a.py", "from ..chart.pin import Pin", "stay apart", id="relatively"),
        pytest.param(
            f"{CORE}/kube/deep/a.py", "from ...chart import pin", "stay apart", id="from deeper down"
        ),
        pytest.param(
            f"{CORE}/kube/deep/__init__.py", "from ...chart import pin", "stay apart", id="from a package"
        ),
        pytest.param(
            f"{CORE}/chart/a.py", "from .. import apiserver", "stay apart", id="chart imports apiserver"
        ),
        pytest.param(
            f"{CORE}/kube/readiness/a.py", "import time", "time in a pure module", id="a clock in a rule"
        ),
        pytest.param(
            f"{CORE}/a.py",
            "try:\n    f()\nexcept OSError as err:\n    x = 'gone' in str(err)",
            "branches on the text of an error",
            id="text of an error",
        ),
        pytest.param(
            "_modules/a.py",
            "try:\n    f()\nexcept OSError as err:\n    x = err.message == 'gone'",
            "branches on the text of an error",
            id="message of an error",
        ),
        pytest.param(
            "_states/a.py",
            "import re\ntry:\n    f()\nexcept OSError as err:\n    x = re.search('gone', str(err).lower())",
            "searches the text of an error",
            id="search in an error",
        ),
    ],
)
def test_a_break_is_found(tmp_path: Path, path: str, code: str, words: str) -> None:
    found = plant(tmp_path, path, code)
    assert [line for line in found if words in line and line.startswith(f"{path}:")], found


@pytest.mark.parametrize(
    ("path", "code"),
    [
        pytest.param("_states/a.py", "import salt.exceptions\nx = __salt__", id="a state"),
        pytest.param("_modules/a.py", "from cp_ingress_core.kube import client\nx = __pillar__", id="a face"),
        pytest.param(
            f"{CORE}/a.py", "from cp_ingress_core.kube import client\nimport yaml", id="the library"
        ),
        pytest.param(f"{CORE}/kube/credentials.py", "def f():\n    import kubernetes.client", id="lazily"),
        pytest.param(
            f"{CORE}/kube/a.py", "from urllib.parse import quote\nfrom .. import errors", id="parsing a URL"
        ),
        pytest.param(f"{CORE}/kube/deep/a.py", "from ..lookup import text", id="inside a part"),
        pytest.param(
            f"{CORE}/a.py",
            "try:\n    f()\nexcept OSError as err:\n    raise ValueError(str(err)) from err",
            id="quoting",
        ),
    ],
)
def test_what_is_allowed_is_not_reported(tmp_path: Path, path: str, code: str) -> None:
    assert plant(tmp_path, path, code) == []
