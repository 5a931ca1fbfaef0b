"""Asking the endpoint, against a real HTTPS server on loopback."""

import contextlib
import http.server
import socket
import ssl
import threading

import pytest

from cp_ingress_core import serving
from cp_ingress_core.errors import WaitTimeout
from tests.unit.pki import make_ca, make_server

CA = make_ca()


class _NotFound(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args):
        pass


@contextlib.contextmanager
def https_server(folder, names, *, port=0):
    """Serve 404 over TLS on loopback with a certificate for `names`; yields the port."""
    pair = make_server(CA, names)
    (folder / "server.pem").write_text(pair.certificate_pem + pair.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _NotFound)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def ca_file(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_text(CA.certificate_pem)
    return str(path)


@pytest.fixture
def closed_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_any_http_status_is_an_answer(tmp_path, ca_file):
    with https_server(tmp_path, ["127.0.0.1"]) as port:
        assert serving.ask("127.0.0.1", port, ca_file) == serving.Answer(404, "")


def test_a_certificate_for_another_ip_is_no_answer(tmp_path, ca_file):
    with https_server(tmp_path, ["127.0.0.2"]) as port:
        answer = serving.ask("127.0.0.1", port, ca_file)
    assert answer.status == 0
    assert "certificate refused" in answer.problem
    assert "127.0.0.1" in answer.problem


def test_a_certificate_of_an_unknown_ca_is_no_answer(tmp_path, ca_file):
    (tmp_path / "ca.pem").write_text(make_ca().certificate_pem)
    with https_server(tmp_path, ["127.0.0.1"]) as port:
        assert "certificate refused" in serving.ask("127.0.0.1", port, ca_file).problem


def test_a_missing_ca_file_is_told(tmp_path):
    answer = serving.ask("127.0.0.1", 1, str(tmp_path / "none.pem"))
    assert "No such file" in answer.problem


@pytest.mark.parametrize("host", ["10.200.0.50", "fd00::50"])
def test_the_endpoint_is_asked_through_another_address(tmp_path, ca_file, host):
    """Behind NAT that doesn't lead back, this machine reaches it by an address that the certificate lacks."""
    with https_server(tmp_path, [host]) as port:
        answer = serving.ask(host, 8443, ca_file, through=("127.0.0.1", port))
        assert answer == serving.Answer(404, "")
        seconds = serving.wait_until_serving(
            host, 8443, ca_file, timeout=20, report=lambda _: None, through=("127.0.0.1", port)
        )
    assert seconds > 0


def test_through_another_address_the_certificate_must_still_name_the_ip(tmp_path, ca_file):
    with https_server(tmp_path, ["127.0.0.1"]) as port:
        answer = serving.ask("10.200.0.50", 8443, ca_file, through=("127.0.0.1", port))
    assert "certificate refused" in answer.problem
    assert "10.200.0.50" in answer.problem


def test_another_address_that_nobody_listens_on_is_no_answer(ca_file, closed_port):
    answer = serving.ask("10.200.0.50", 8443, ca_file, through=("127.0.0.1", closed_port))
    assert answer.status == 0
    assert "refused" in answer.problem


def test_a_connection_that_hangs_is_given_up_before_an_answer_would_be(ca_file):
    with socket.socket() as full, contextlib.ExitStack() as callers:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        answer = serving.ask("127.0.0.1", port, ca_file, timeout=3600, connect_timeout=0.2)
    assert (answer.status, answer.problem) == (0, "timed out")


def test_waiting_ends_when_the_server_comes_up(tmp_path, ca_file, closed_port):
    told = []
    with contextlib.ExitStack() as stack:

        def come_up():
            stack.enter_context(https_server(tmp_path, ["127.0.0.1"], port=closed_port))

        starter = threading.Timer(0.3, come_up)
        starter.start()
        seconds = serving.wait_until_serving(
            "127.0.0.1", closed_port, ca_file, timeout=20, report=told.append, pause=0.05
        )
        starter.join()
    assert seconds > 0


def test_the_deadline_tells_the_url_and_the_last_problem(ca_file, closed_port):
    with pytest.raises(WaitTimeout, match=rf"https://127.0.0.1:{closed_port}/ .*refused") as caught:
        serving.wait_until_serving(
            "127.0.0.1", closed_port, ca_file, timeout=0.2, report=lambda _: None, pause=0.05
        )
    assert list(caught.value.info["pending"]) == [f"https://127.0.0.1:{closed_port}/"]


def test_an_ipv6_endpoint_is_told_by_its_url(ca_file, closed_port):
    with pytest.raises(WaitTimeout, match=r"https://\[fd00::50\]:8443/ does not answer"):
        serving.wait_until_serving(
            "fd00::50",
            8443,
            ca_file,
            timeout=0,
            report=lambda _: None,
            through=("127.0.0.1", closed_port),
        )
