"""The apiserver of this very node: is it ready, what does it say of itself, whom does it let in?"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from cp_ingress_core.apiserver import flags as command_line
from cp_ingress_core.apiserver.manifest import Manifest
from cp_ingress_core.apiserver.metrics import LINES, Metrics
from cp_ingress_core.apiserver.probe import Answer, anonymous, fetch
from cp_ingress_core.errors import ApiserverError

LOOPBACK = "https://127.0.0.1:6443"
_SECONDS, _METRICS_SECONDS = 5.0, 30.0
_UNSPECIFIED = ("", "0.0.0.0", "::")  # noqa: S104 -- compared with, not bound to
_VERSION = re.compile(r"v?(\d+)\.(\d+)")


@dataclass(frozen=True)
class Server:
    """One apiserver by its own address, never a balanced one.

    ``tls`` verifies it and holds the administrator's certificate, ``authorization`` gives the header of an
    administrator who has a token instead.
    """

    url: str
    tls: ssl.SSLContext
    authorization: Callable[[], str | None] = lambda: None

    def ready(self) -> str:
        """Return "" when it is ready, else why not."""
        answer = self._ask("/readyz?verbose")
        if answer.status == 200:
            return ""
        failed = [line[3:] for line in answer.body.decode(errors="replace").splitlines() if line[:3] == "[-]"]
        return answer.problem or f"/readyz answers {answer.status} ({'; '.join(failed)[:200]})"

    def metrics(self) -> Metrics | None:
        """Return its metrics; None when it does not answer.

        Raises ApiserverError when the credentials may not read them.
        """
        answer = self._ask("/metrics", LINES)
        # A server that starts refuses users whom it does not know yet.
        if answer.status in (401, 403) and not self.ready():
            answer = self._ask("/metrics", LINES)
        if answer.status in (401, 403) and not self.ready():
            raise ApiserverError(
                f"{self.url}/metrics refuses the kubeconfig's user (HTTP {answer.status}): allow get on the"
                " non-resource URL /metrics (docs/permissions.md)",
                reason="MetricsForbidden",
                status=answer.status,
            )
        return Metrics(answer.body.decode(errors="replace")) if answer.status == 200 else None

    def version(self) -> tuple[int, int] | None:
        """Return its version, major and minor; None when it does not answer."""
        answer = self._ask("/version")
        return version_of(json.loads(answer.body)["gitVersion"]) if answer.status == 200 else None

    def judge(self, token: str) -> Answer:
        """Return what a request with this token alone gets: 401 when it is refused."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        return fetch(
            f"{self.url}/apis/authentication.k8s.io/v1/selfsubjectreviews",
            anonymous(self.tls),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            body=json.dumps(review).encode(),
        )

    def _ask(self, path: str, lines: tuple[bytes, ...] = ()) -> Answer:
        header = self.authorization()
        headers = {"Authorization": header} if header else None
        # A busy apiserver takes a while to put its metrics together before it sends the first of them.
        timeout = _METRICS_SECONDS if lines else _SECONDS
        return fetch(self.url + path, self.tls, headers=headers, lines=lines, timeout=timeout)


def address(manifest: Manifest) -> str:
    """Return the URL under which a manifest's apiserver answers its own node."""
    flags = manifest.flags
    bound = command_line.last(flags, "bind-address")
    host = bound if bound not in _UNSPECIFIED else command_line.last(flags, "advertise-address", "127.0.0.1")
    port = command_line.last(flags, "secure-port", "6443")
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


def image_version(image: str) -> tuple[int, int] | None:
    """Return the version that an image's tag names; None where it names none."""
    return version_of(image.rpartition(":")[2])


def version_of(text: str) -> tuple[int, int] | None:
    """Return major and minor of a version (`v1.36.3`); None where it is none."""
    found = _VERSION.match(text)
    return (int(found[1]), int(found[2])) if found else None
