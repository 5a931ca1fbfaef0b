"""Fetching: verified and whole, or a clear error and nothing kept. Over real HTTP on loopback."""

import socket
from pathlib import Path

import pytest

from cp_ingress_core.chart.source import Source, fetch, make_source
from cp_ingress_core.errors import ChartError

from .support import chart_archive, listing, pin_of, serving, small_chart

ARCHIVE = small_chart(config="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")


def upstream(url: str, archive: bytes = ARCHIVE) -> tuple:
    return pin_of(archive, f"{url}/small-1.2.3.tgz"), Source()


@pytest.mark.parametrize("path", ["good", "moved"])
def test_upstream_is_fetched_and_kept_readable_by_all(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "charts"
    with serving(ARCHIVE) as server:
        got = fetch(*upstream(f"{server.url}/{path}"), folder)
    assert got.read_bytes() == ARCHIVE
    assert (got.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o644, 0o755)
    assert listing(folder) == [got.name]


def test_a_mirror_serves_the_archive_under_its_name(tmp_path: Path) -> None:
    with serving(ARCHIVE) as server:
        fetch(pin_of(ARCHIVE), make_source("mirror", mirror=f"{server.url}/charts/"), tmp_path)
        assert server.asked == ["/charts/small-1.2.3.tgz"]


def test_a_directory_needs_no_network(tmp_path: Path) -> None:
    (tmp_path / "small-1.2.3.tgz").write_bytes(ARCHIVE)
    got = fetch(pin_of(ARCHIVE), make_source("directory", directory=str(tmp_path)), tmp_path / "cache")
    assert got.read_bytes() == ARCHIVE


def test_a_kept_archive_is_used_without_asking_again(tmp_path: Path) -> None:
    with serving(ARCHIVE) as server:
        first = fetch(*upstream(server.url), tmp_path)
        asked = len(server.asked)
        assert fetch(*upstream(server.url), tmp_path) == first
        assert len(server.asked) == asked == 1


def test_a_damaged_archive_in_the_cache_is_fetched_anew(tmp_path: Path) -> None:
    with serving(ARCHIVE) as server:
        got = fetch(*upstream(server.url), tmp_path)
        got.write_bytes(ARCHIVE[:100])
        assert fetch(*upstream(server.url), tmp_path).read_bytes() == ARCHIVE
        assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("path", "reason", "said"),
    [
        pytest.param("missing", "ChartUnavailable", "HTTP 404", id="the server does not have it"),
        pytest.param("truncated", "ChartTruncated", "ended after", id="the connection breaks mid-body"),
        pytest.param("chunked", "ChartUnavailable", "broken answer", id="a chunked body breaks off"),
        pytest.param("garbage", "ChartUnavailable", "broken answer", id="the server does not speak HTTP"),
        pytest.param("login", "ChartDigestMismatch", "page of its own", id="a page comes back instead"),
        pytest.param("drip", "ChartUnavailable", "not done within 0.3 s, after", id="it comes byte by byte"),
        pytest.param("silent", "ChartUnavailable", "no answer within 0.3 s", id="the server says nothing"),
    ],
)
def test_a_failed_transfer_names_the_address_and_keeps_nothing(
    tmp_path: Path, path: str, reason: str, said: str
) -> None:
    with serving(ARCHIVE) as server, pytest.raises(ChartError) as caught:
        fetch(*upstream(f"{server.url}/{path}"), tmp_path, timeout=0.3)
    assert caught.value.info["reason"] == reason
    assert said in str(caught.value)
    assert f"{server.url}/{path}/small-1.2.3.tgz" in str(caught.value)
    assert listing(tmp_path) == []


def test_a_http_error_carries_its_status(tmp_path: Path) -> None:
    with serving(ARCHIVE) as server, pytest.raises(ChartError) as caught:
        fetch(*upstream(f"{server.url}/missing"), tmp_path)
    assert caught.value.info["status"] == 404


def test_nobody_listening_is_said_with_a_remedy(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(ChartError, match=r"refused.*source mirror or directory"):
            fetch(*upstream(url), tmp_path)
    assert listing(tmp_path) == []


def test_a_wrong_digest_names_both_and_keeps_nothing(tmp_path: Path) -> None:
    other = small_chart(config="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n")
    with serving(other) as server, pytest.raises(ChartError) as caught:
        fetch(*upstream(server.url), tmp_path)
    assert pin_of(ARCHIVE).sha256 in str(caught.value)
    assert pin_of(other).sha256 in str(caught.value)
    assert (caught.value.info["expected"], caught.value.info["found"]) == (
        pin_of(ARCHIVE).sha256,
        pin_of(other).sha256,
    )
    assert listing(tmp_path) == []


def test_an_endless_archive_is_cut_off(tmp_path: Path) -> None:
    with serving(ARCHIVE) as server, pytest.raises(ChartError, match="larger than 100 bytes"):
        fetch(*upstream(server.url), tmp_path, max_bytes=100)
    assert listing(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"plain text", "not a chart archive", id="not gzipped"),
        pytest.param(b"\x1f\x8b broken", "not a chart archive", id="gzip header only"),
        pytest.param(ARCHIVE[:-30], "not a chart archive", id="gzip cut short"),
        pytest.param(chart_archive({"other/x": ""}), "no readable small/Chart.yaml", id="no chart in it"),
        pytest.param(small_chart(version="9.9.9"), "holds chart small 9.9.9", id="another version"),
    ],
)
def test_what_has_the_digest_but_is_not_the_chart_is_refused(
    tmp_path: Path, content: bytes, said: str
) -> None:
    with serving(content) as server, pytest.raises(ChartError, match=said) as caught:
        fetch(*upstream(server.url, content), tmp_path)
    assert caught.value.info["reason"] == "ChartInvalid"
    assert listing(tmp_path) == []


def test_a_directory_without_the_archive_says_which_name_it_needs(tmp_path: Path) -> None:
    source = make_source("directory", directory=str(tmp_path))
    with pytest.raises(ChartError, match=r"small-1\.2\.3\.tgz: No such file.*put the archive there"):
        fetch(pin_of(ARCHIVE), source, tmp_path / "cache")


def test_a_cache_that_cannot_be_made_names_the_parameter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ChartError, match="cache_dir"):
        fetch(pin_of(ARCHIVE), Source(), tmp_path / "file" / "charts")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param({"kind": "oci"}, "must be one of upstream, mirror, directory", id="an unknown kind"),
        pytest.param({"kind": "mirror"}, "mirror must be", id="a mirror without its address"),
        pytest.param({"kind": "mirror", "mirror": "ftp://x"}, "http", id="a mirror that is not http"),
        pytest.param(
            {"kind": "mirror", "mirror": "https://me:secret@x"}, "without credentials", id="a password in it"
        ),
        pytest.param({"kind": "directory"}, "absolute path", id="a directory without its path"),
        pytest.param({"kind": "directory", "directory": "charts"}, "'charts'", id="a relative directory"),
    ],
)
def test_a_source_that_cannot_work_is_refused(settings: dict, said: str) -> None:
    with pytest.raises(ChartError, match=said) as caught:
        make_source(**settings)
    assert "secret" not in str(caught.value)
