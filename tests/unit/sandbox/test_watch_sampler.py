"""The sampler against real HTTPS servers on loopback."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time

import pytest

from tests.sandbox import ports
from tests.sandbox.errors import SandboxError
from tests.sandbox.process import wait_for
from tests.sandbox.watch import Watching
from tests.sandbox.watch.exchange import BrokenError, parse_head
from tests.sandbox.watch.probes import url_probes
from tests.unit.pki import make_ca, make_server

CA = make_ca()
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
LENGTH = b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\nabc"
GARBAGE = b"220 mail.test\r\n\r\n"


@contextlib.contextmanager
def server(folder, answer, *, names=("127.0.0.1",), per_connection=10**6):
    """Send the same bytes for every request, then end the connection after so many; yields the URL."""
    pair = make_server(CA, list(names))
    (folder / "server.pem").write_text(pair.certificate_pem + pair.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(plain):
        with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as secure:
            for _ in range(per_connection):
                if not secure.recv(4096):
                    return
                secure.sendall(answer)
                if answer in (CUT, GARBAGE):
                    return

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture
def ca(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_text(CA.certificate_pem)
    return path


def watched(probes, least=5, kept=False):
    """Sample until there are some requests."""
    with Watching(probes, enter=()) as watching:
        wait_for(lambda: len(watching.so_far.of(kept=kept)) >= least, timeout=20, what="samples")
    return watching.seen


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param(EMPTY, 204, id="no body"),
        pytest.param(CHUNKED, 200, id="chunks"),
        pytest.param(LENGTH, 404, id="a body of known length"),
    ],
)
def test_whole_answers_count_on_new_and_kept_connections(tmp_path, ca, answer, status):
    with server(tmp_path, answer) as url:
        seen = watched(url_probes(url, ca, every=0.02), kept=True)
    assert seen.failed() == seen.failed(kept=True) == []
    assert {request.status for request in seen.requests} == {status}
    # One connection serves them all.
    assert [request.fresh for request in seen.of(kept=True)[:3]] == [True, False, False]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(CUT, "BrokenError: the answer ended before its end", id="a body that ends early"),
        pytest.param(GARBAGE, "BrokenError: no HTTP answer but '220 mail.test'", id="no HTTP"),
    ],
)
def test_a_broken_answer_is_a_failure(tmp_path, ca, answer, error):
    with server(tmp_path, answer) as url:
        seen = watched(url_probes(url, ca, every=0.02, kept=False))
    assert set(seen.errors()) == {error}


def test_a_certificate_for_another_address_or_of_another_ca_is_a_failure(tmp_path, ca):
    with server(tmp_path, EMPTY, names=("127.0.0.2",)) as url:
        seen = watched(url_probes(url, ca, every=0.02, kept=False))
    assert all("IP address mismatch" in error for error in seen.errors())
    assert len(seen.failed()) == len(seen.of()) > 0


def test_a_closed_port_is_a_failure_at_once(ca):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        seen = watched(url_probes(f"https://127.0.0.1:{closed.getsockname()[1]}/", ca, every=0.02))
    assert all("ConnectionRefusedError" in error for error in seen.errors())
    assert seen.longest_request() < 1


def test_a_server_that_says_nothing_is_given_up_while_others_are_asked_on(ca):
    with socket.create_server(("127.0.0.1", 0), backlog=512) as mute:
        url = f"https://127.0.0.1:{mute.getsockname()[1]}/"
        seen = watched(url_probes(url, ca, every=0.02, timeout=0.5, kept=False))
    assert set(seen.errors()) == {"no TLS answer within 0.5 s"}
    started = [request.start for request in seen.of()]
    assert started[4] - started[0] < 0.5


def test_no_port_is_used_twice(ca):
    """A node that nobody answered on remembers the port, and what comes from there again waits in vain."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as mute:
        url = f"https://127.0.0.1:{mute.getsockname()[1]}/"
        seen = watched(url_probes(url, ca, every=0.02, timeout=0.1, kept=False), least=50)
        mute.setblocking(False)
        used = []
        with contextlib.suppress(BlockingIOError):
            while True:
                plain, (_, port) = mute.accept()
                plain.close()
                used.append(port)
    assert len(used) >= len(seen.of()) >= 50
    assert len(set(used)) == len(used)
    assert set(used) < set(ports.FOR_WATCHES)


@contextlib.contextmanager
def full_queue():
    """A URL where nobody can connect any more: nobody takes the connections that are there."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as mute, contextlib.ExitStack() as held:
        for _ in range(2):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(mute.getsockname())
        yield f"https://127.0.0.1:{mute.getsockname()[1]}/"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n"], ids=["no word", "half a head"])
def test_what_an_unanswered_request_waited_for_is_told(tmp_path, ca, answer):
    with server(tmp_path, answer) as url:
        seen = watched(url_probes(url, ca, every=0.02, timeout=0.5, kept=False))
    assert set(seen.errors()) == {"no HTTP answer within 0.5 s"}


def test_where_nobody_can_connect_it_is_tcp_that_is_not_answered(ca):
    with full_queue() as url:
        seen = watched(url_probes(url, ca, every=0.02, timeout=0.5, kept=False))
    assert set(seen.errors()) == {"no TCP answer within 0.5 s"}


def test_requests_under_way_at_the_end_are_waited_for(ca):
    with socket.create_server(("127.0.0.1", 0), backlog=512) as mute:
        url = f"https://127.0.0.1:{mute.getsockname()[1]}/"
        mute.settimeout(10)
        with Watching(url_probes(url, ca, every=0.02, timeout=0.5, kept=False), enter=()) as watching:
            held = [mute.accept() for _ in range(3)]
    assert len(watching.seen.failed(url)) == len(watching.seen.of(url)) >= len(held)


def test_a_kept_connection_that_the_server_ends_is_replaced_without_a_failure(tmp_path, ca):
    with server(tmp_path, EMPTY, per_connection=3) as url:
        seen = watched(url_probes(url, ca, every=0.02), least=8, kept=True)
    assert seen.failed(kept=True) == []
    assert [request.fresh for request in seen.of(kept=True)[:7]] == [True, False, False] * 2 + [True]


def test_probes_can_be_added_and_what_was_seen_so_far_be_read(tmp_path, ca):
    with server(tmp_path, EMPTY) as first, server(tmp_path, EMPTY) as second:
        with Watching(url_probes(first, ca, every=0.02), enter=()) as watching:
            with pytest.raises(SandboxError, match="not over"):
                _ = watching.seen
            before = time.monotonic()
            watching.add(url_probes(second, ca, every=0.02))
            wait_for(lambda: watching.so_far.first_answer(second), timeout=20, what="the second URL")
        assert set(watching.seen.names) == {first, second}
        assert watching.seen.first_answer(second) > before


def test_requests_to_several_urls_are_sent_at_the_same_moments(tmp_path, ca):
    with server(tmp_path, EMPTY) as url, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        other = f"https://127.0.0.1:{closed.getsockname()[1]}/"
        probes = [probe for each in (url, other) for probe in url_probes(each, ca, every=0.05, kept=False)]
        seen = watched(probes, least=10)
    assert len(seen.failed(other)) > 3
    assert seen.failed_moments(url, other) == []


@pytest.mark.parametrize("head", [b"\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_heads_without_a_status_are_refused(head):
    with pytest.raises(BrokenError):
        parse_head(head)
