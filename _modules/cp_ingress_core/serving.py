"""Does the endpoint answer HTTPS with a certificate that its CA vouches for?"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from cp_ingress_core.errors import WaitTimeout


@dataclass(frozen=True)
class Answer:
    """What one HTTPS request got: an HTTP status, or why there was none."""

    status: int
    problem: str


def ask(
    host: str,
    port: int,
    ca_file: str | None,
    *,
    path: str = "/",
    timeout: float = 5.0,
    connect_timeout: float | None = None,
    through: tuple[str, int] | None = None,
) -> Answer:
    """Make one HTTPS request on a new connection.

    host, port
        Where to; `host` is an IP address, which the certificate must name.
    through
        Address and port to connect to instead, where this machine cannot reach `host` by its own address.
    ca_file
        PEM file of the CA to trust; None trusts the system's.
    timeout, connect_timeout
        Seconds for each read and for connecting; for connecting the same when not given.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
        connection = http.client.HTTPSConnection(host, port, context=context)
        try:
            plain = socket.create_connection(through or (host, port), connect_timeout or timeout)
            plain.settimeout(timeout)
            connection.sock = context.wrap_socket(plain, server_hostname=host)
            connection.request("GET", path, headers={"User-Agent": "cp-ingress"})
            return Answer(connection.getresponse().status, "")
        finally:
            connection.close()
    except ssl.SSLCertVerificationError as err:
        return Answer(0, f"certificate refused: {err.verify_message}")
    except (OSError, http.client.HTTPException, socket.gaierror) as err:
        return Answer(0, str(err) or type(err).__name__)


# A connection that is begun before the nodes know of the IP hangs until the kernel gives its neighbour up,
# after three seconds; the next one, begun when they do, is through at once.
CONNECT_SECONDS = 1.0


def wait_until_serving(
    host: str,
    port: int,
    ca_file: str | None,
    *,
    timeout: float,
    report: Callable[[str], None],
    in_a_row: int = 3,
    pause: float = 0.5,
    through: tuple[str, int] | None = None,
) -> float:
    """Ask until `in_a_row` requests in a row were answered; return the seconds that took.

    One answer alone may come from a backend that is about to go; a few in a row on new connections do not.

    timeout
        Seconds after which WaitTimeout is raised, with the last problem.
    report
        Is told, every five seconds or so, what is still wrong.
    through
        As for :func:`ask`.
    """
    url = f"https://[{host}]:{port}/" if ":" in host else f"https://{host}:{port}/"
    started = time.monotonic()
    told = started
    good = 0
    while True:
        answer = ask(host, port, ca_file, connect_timeout=CONNECT_SECONDS, through=through)
        good = good + 1 if answer.status else 0
        now = time.monotonic()
        if good == in_a_row:
            return now - started
        if now - started > timeout:
            raise WaitTimeout(
                f"{url} does not answer after {timeout:.0f} s: {answer.problem}",
                pending={url: answer.problem},
            )
        if not answer.status:
            if now - told >= 5:
                told = now
                report(f"{url} does not answer yet: {answer.problem}")
            time.sleep(pause)


def certificate_of(host: str, port: int, *, timeout: float = 3.0) -> str:
    """Return the PEM certificate that a server shows, whatever it is; "" when there is no answer."""
    try:
        return ssl.get_server_certificate((host, port), timeout=timeout)
    except OSError:
        return ""
