"""chart.yaml: which archive a chart folder stands for."""

from pathlib import Path

import pytest

from cp_ingress_core.chart.pin import Pin, read_pin
from cp_ingress_core.errors import ChartError

CHARTS = Path(__file__).resolve().parents[3] / "charts"
DIGEST = "a" * 64
GOOD = f"""\
name: small
version: 1.2.3
url: https://charts.example/v{{version}}/small-{{version}}.tgz
sha256: {DIGEST}
"""


def write(folder: Path, text: str) -> Path:
    (folder / "chart.yaml").write_text(text, encoding="utf-8")
    return folder


def test_version_is_filled_into_the_address(tmp_path: Path) -> None:
    pin = read_pin(write(tmp_path, GOOD))
    assert pin == Pin("small", "1.2.3", "https://charts.example/v1.2.3/small-1.2.3.tgz", DIGEST)
    assert pin.archive == "small-1.2.3.tgz"


def test_pillar_replaces_version_and_digest_together(tmp_path: Path) -> None:
    pin = read_pin(write(tmp_path, GOOD), "2.0.0", "b" * 64)
    assert (pin.version, pin.sha256) == ("2.0.0", "b" * 64)
    assert pin.url == "https://charts.example/v2.0.0/small-2.0.0.tgz"


def test_two_archives_of_one_version_have_two_places_in_the_cache(tmp_path: Path) -> None:
    folder = write(tmp_path, GOOD)
    assert read_pin(folder).cache_name != read_pin(folder, "1.2.3", "b" * 64).cache_name


@pytest.mark.parametrize(
    ("version", "sha256", "named"),
    [
        pytest.param("2.0.0", None, "version is set without sha256", id="a version without its digest"),
        pytest.param(None, DIGEST, "sha256 is set without version", id="a digest without its version"),
    ],
)
def test_half_an_override_is_refused(
    tmp_path: Path, version: str | None, sha256: str | None, named: str
) -> None:
    with pytest.raises(ChartError, match=named):
        read_pin(write(tmp_path, GOOD), version, sha256)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("", "must be a mapping", id="an empty file"),
        pytest.param("- a\n", "must be a mapping", id="a list"),
        pytest.param("a: [", "not YAML", id="not YAML"),
        pytest.param("name: small\n", "version is None", id="keys are missing"),
        pytest.param(GOOD + "digest: x\n", "'digest' is not known", id="a key that is not known"),
        pytest.param(
            GOOD.replace("1.2.3", "1.2"), "version is 1.2, must be a string", id="version is a number"
        ),
        pytest.param(GOOD.replace("1.2.3", "../../x"), "version is '../../x'", id="version is a path"),
        pytest.param(GOOD.replace(DIGEST, "abc"), "sha256 is 'abc'", id="a short digest"),
        pytest.param(GOOD.replace(DIGEST, "A" * 64), "lower-case", id="an upper-case digest"),
        pytest.param(GOOD.replace("https:", "file:"), "url is 'file:", id="an address that is not http"),
        pytest.param(
            GOOD.replace("{version}", "1"), r"holds \{version\}", id="an address without the version"
        ),
        pytest.param(GOOD.replace("name: small", "name: ../x"), "name is '../x'", id="name is a path"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ChartError, match=named) as caught:
        read_pin(write(tmp_path, text))
    assert str(tmp_path) in str(caught.value)
    assert caught.value.info["reason"] == "PinInvalid"


def test_a_folder_without_the_file_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(ChartError, match=r"chart\.yaml with name, version, url, sha256"):
        read_pin(tmp_path)


@pytest.mark.parametrize("chart", ["metallb", "ingress-nginx"])
def test_the_shipped_pins_are_read_and_name_their_own_folder(chart: str) -> None:
    pin = read_pin(CHARTS / chart)
    assert pin.name == chart
    assert pin.url.startswith("https://github.com/")
    assert pin.url.endswith(f"/{pin.archive}")
