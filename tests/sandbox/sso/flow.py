"""Logging in at Dex by plain HTTP: the authorization code flow, with the form filled in."""

from __future__ import annotations

import base64
import html.parser
import json
import secrets
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sandbox.client import Response, https
from tests.sandbox.errors import SandboxError

MOST_REDIRECTS = 8


class LoginError(SandboxError):
    """A login that did not succeed; the message says at which address and why."""


@dataclass(frozen=True)
class User:
    """Somebody with a password; `uid` is what Dex makes the subject of."""

    email: str
    password: str
    name: str
    uid: str
    password_hash: str


@dataclass(frozen=True)
class Client:
    """An OAuth2 client of Dex. `path`: where it is behind the ingress; else `redirect` is its callback."""

    id: str
    secret: str
    path: str = ""
    redirect: str = ""
    audiences: tuple[str, ...] = ()

    def redirect_uri(self, base: str) -> str:
        """Its callback, for an ingress at `base` (https://IP:PORT)."""
        return self.redirect or f"{base}{self.path}/callback"

    @property
    def scopes(self) -> str:
        """What it asks for."""
        return " ".join(
            ["openid", "email", "profile", *(f"audience:server:client_id:{name}" for name in self.audiences)]
        )


@dataclass(frozen=True)
class Tokens:
    """What a login gave."""

    id_token: str
    access_token: str


USER = User(
    email="admin@example.test",
    password="password",
    name="admin",
    uid="08a8684b-db88-4b73-90a9-3cd1661f5466",
    password_hash="$2b$10$7rah5g90VN5XOFBLAh1Ky.NEgLPUHByUPlT97qCTRGe9o74dnTKAq",
)
KUBERNETES = Client("kubernetes", "kubernetes-s3cret", redirect="http://127.0.0.1:8000/callback")
CONSOLE = Client("console", "console-s3cret", path="/console", audiences=("kubernetes",))


def login(
    base: str,
    ca: Path | str | None,
    *,
    client: Client = KUBERNETES,
    user: User = USER,
    redirect_uri: str | None = None,
    timeout: float = 5,
) -> Tokens:
    """Log in from the client's place on the LAN, and return the tokens.

    `base` is where Dex is asked, which need not be what it calls itself (https://IP:8443/oidc): while an IP
    changes, the old address does as well as the new one. `redirect_uri`: another one than the client's own at
    that address. Raises LoginError, or OSError where there is no answer.
    """
    callback = redirect_uri or client.redirect_uri(_origin(base))
    state = secrets.token_urlsafe(8)
    query = urllib.parse.urlencode(
        {
            "client_id": client.id,
            "redirect_uri": callback,
            "response_type": "code",
            "scope": client.scopes,
            "state": state,
        }
    )
    url, page = _follow(f"{base}/auth?{query}", ca, callback, timeout)
    action = _form_action(url, page)
    body = urllib.parse.urlencode({"login": user.email, "password": user.password}).encode()
    answer = _send(urllib.parse.urljoin(url, action), ca, timeout, body=body)
    url, _ = _follow(urllib.parse.urljoin(url, _location(url, answer)), ca, callback, timeout)
    fields = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    if fields.get("state") != [state] or "code" not in fields:
        raise LoginError(f"{base}: the login ended at the client without a code: {sorted(fields)}")
    return _exchange(base, ca, client, fields["code"][0], callback, timeout)


def claims(token: str) -> dict[str, Any]:
    """What a token says, unverified."""
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def _exchange(
    base: str, ca: Path | str | None, client: Client, code: str, callback: str, timeout: float
) -> Tokens:
    body = urllib.parse.urlencode(
        {"grant_type": "authorization_code", "code": code, "redirect_uri": callback}
    ).encode()
    pair = base64.b64encode(f"{client.id}:{client.secret}".encode()).decode()
    answer = _send(f"{base}/token", ca, timeout, body=body, headers={"Authorization": f"Basic {pair}"})
    if answer.status != 200:
        raise LoginError(f"{base}/token: status {answer.status}")
    document = json.loads(answer.body)
    return Tokens(document["id_token"], document["access_token"])


def _follow(url: str, ca: Path | str | None, callback: str, timeout: float) -> tuple[str, Response | None]:
    """Follow redirects to a page, or to the client's callback, which is not asked."""
    for _ in range(MOST_REDIRECTS):
        if url.startswith(callback):
            return url, None
        answer = _send(url, ca, timeout)
        if answer.status == 200:
            return url, answer
        url = urllib.parse.urljoin(url, _location(url, answer))
    raise LoginError(f"{_bare(url)}: more than {MOST_REDIRECTS} redirects")


def _send(
    url: str,
    ca: Path | str | None,
    timeout: float,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    form = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
    method = "GET" if body is None else "POST"
    return https(url, ca, timeout=timeout, method=method, headers={**form, **(headers or {})}, body=body)


def _location(url: str, answer: Response) -> str:
    if answer.status not in (301, 302, 303, 307, 308) or "location" not in answer.headers:
        raise LoginError(f"{_bare(url)}: status {answer.status}, a redirect was expected")
    return answer.headers["location"]


def _form_action(url: str, page: Response | None) -> str:
    parser = _Form()
    if page is not None:
        parser.feed(page.body.decode(errors="replace"))
    if parser.action is None:
        raise LoginError(f"{_bare(url)}: no form to log in with")
    return parser.action


class _Form(html.parser.HTMLParser):
    """Finds the action of the first form."""

    action: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form's action."""
        if tag == "form" and self.action is None:
            self.action = dict(attrs).get("action") or ""


def _origin(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _bare(url: str) -> str:
    """A URL without its query, which may hold codes."""
    return url.split("?", maxsplit=1)[0]
