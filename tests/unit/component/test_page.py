"""What docs/components.md shows is accepted as it stands there, and it tells of every preset and finding."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from cp_ingress_core.component import checks, findings
from cp_ingress_core.component.objects import rendered
from cp_ingress_core.component.presets import PRESETS
from cp_ingress_core.component.reading import KEYS, read_components
from cp_ingress_core.component.values import Endpoint
from cp_ingress_core.findings import Findings

PAGE = (Path(__file__).parents[3] / "docs" / "components.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
TEMPLATES = [block for block in BLOCKS if block.startswith("# /srv/salt/")]


@pytest.mark.parametrize("block", [block for block in BLOCKS if block not in TEMPLATES])
def test_components_of_the_page_are_accepted(block: str) -> None:
    data: Any = yaml.safe_load(textwrap.dedent(block))
    components = data["cp_ingress"]["components"] if "cp_ingress" in data else data
    refusals = Findings()
    assert list(read_components(components, "page", refusals)) != []
    assert refusals.errors == []


def test_the_template_of_the_page_renders() -> None:
    (template,) = TEMPLATES
    (manifest,) = rendered(template, "page", Endpoint.of("https://10.200.0.50:8443"), "portal")
    assert manifest["data"] == {"home": "https://10.200.0.50:8443/"}


def test_every_preset_key_and_finding_is_told() -> None:
    source = Path(findings.__file__).read_text() + Path(checks.__file__).read_text()
    identifiers = set(re.findall(r'"((?:dex|component|oauth2-proxy)-[a-z-]+)"', source))
    assert len(identifiers) == 9
    rows = set(re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE, re.MULTILINE))
    assert {*PRESETS, *identifiers} <= rows
    assert [key for key in KEYS if not re.search(rf"\b{key}\b", PAGE)] == []
