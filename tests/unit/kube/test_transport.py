"""Answers as a server, a proxy or a broken connection may give them."""

from __future__ import annotations

import http.client
import io

import pytest

from cp_ingress_core.kube.transport import DROPPED, ERRORS, Route, read_answer

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("text", "status", "body", "last"),
    [
        pytest.param(OK + b"Content-Length: 2\r\n\r\n{}", 200, b"{}", False, id="a body of known length"),
        pytest.param(
            OK + b'Transfer-Encoding: chunked\r\n\r\n2;x=y\r\n{"\r\n3\r\na"}\r\n0\r\nDigest: z\r\n\r\n',
            200,
            b'{"a"}',
            False,
            id="chunks, with an extension and a trailer",
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", False, id="no body"),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 409 Conflict\r\nContent-Length: 1\r\n\r\nx",
            409,
            b"x",
            False,
            id="something said in passing first",
        ),
        pytest.param(OK + b"\r\nall of it", 200, b"all of it", True, id="a body until the connection ends"),
        pytest.param(
            OK + b"connection: Close\r\ncontent-length: 1\r\n\r\nx", 200, b"x", True, id="the last answer"
        ),
        pytest.param(b"HTTP/1.0 503 No\r\nContent-Length: 0\r\n\r\n", 503, b"", True, id="an old proxy"),
        pytest.param(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, b"", False, id="no reason phrase"),
    ],
)
def test_answers_are_read(text: bytes, status: int, body: bytes, last: bool) -> None:
    answer = read_answer(io.BytesIO(text))

    assert (answer.status, answer.body, answer.last) == (status, body, last)


def test_the_next_answer_begins_where_the_last_one_ended() -> None:
    stream = io.BytesIO(
        OK + b"Content-Length: 1\r\n\r\na" + OK + b"Retry-After: 3\r\nContent-Length: 0\r\n\r\n"
    )

    assert read_answer(stream).body == b"a"
    assert read_answer(stream).headers["retry-after"] == "3"


@pytest.mark.parametrize(
    ("lines", "headers"),
    [
        pytest.param(b"Retry-After:  3 \r\n", {"retry-after": "3"}, id="blanks around a value"),
        pytest.param(b"A: 1\nB: 2\n", {"a": "1", "b": "2"}, id="lines that end as Unix has them"),
        pytest.param(b"A: b:c\r\n", {"a": "b:c"}, id="a colon in a value"),
        pytest.param(b"A: 1\x852\x0b3\r\n", {"a": "1\x852\x0b3"}, id="what ends a line only elsewhere"),
        pytest.param(b"A:\r\nB\r\n", {"a": "", "b": ""}, id="no value"),
        pytest.param(b"", {}, id="no headers"),
    ],
)
def test_headers_are_read(lines: bytes, headers: dict[str, str]) -> None:
    answer = read_answer(io.BytesIO(b"HTTP/1.1 204 No Content\r\n" + lines + b"\r\n"))

    assert answer.headers == headers


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"HTTP/1.1 20", id="cut in the status"),
        pytest.param(OK + b"Content-Len", id="cut in the headers"),
        pytest.param(OK + b"Content-Length: 2\r\n", id="cut before the body"),
        pytest.param(OK + b"Content-Length: 2\r\n\r\n{", id="cut in the body"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}", id="cut in a chunk"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", id="cut between chunks"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\nlots\r\n{}", id="a chunk of no size"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK" + b"x" * 100_000, id="a line without an end"),
    ],
)
def test_what_is_no_whole_answer_is_an_error(text: bytes) -> None:
    with pytest.raises(ERRORS):
        read_answer(io.BytesIO(text))


def test_a_connection_closed_before_the_answer_is_told_apart() -> None:
    """Such a request may be sent again on a new connection."""
    with pytest.raises(http.client.RemoteDisconnected) as caught:
        read_answer(io.BytesIO(b""))

    assert isinstance(caught.value, DROPPED)


@pytest.mark.parametrize(
    ("host", "authority"),
    [
        ("10.0.0.1", "10.0.0.1:6443"),
        ("fd00::1", "[fd00::1]:6443"),
        ("api.example.org", "api.example.org:6443"),
    ],
)
def test_an_address_is_written_as_urls_have_it(host: str, authority: str) -> None:
    assert Route(host, 6443, host).authority == authority
