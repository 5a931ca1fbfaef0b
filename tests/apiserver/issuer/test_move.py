"""Old and new issuer side by side while Dex moves: no valid token is refused at any moment.

One apiserver, the real Dex with its keys kept in a cluster. Three masters: the tests on the real cluster.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apiserver.issuer.conftest import Issuer
from tests.apiserver.issuer.kit import Dex, Ingress, Node, log_in, wait_for
from tests.apiserver.test_dex import wait_until_served
from tests.conftest import Figure
from tests.lighttier import LightApiserver
from tests.lighttier.credentials import Authority
from tests.repeating import Repeating
from tests.sandbox.sso.storage import custom_resource_definitions


@pytest.fixture(scope="module")
def dex(apiserver: LightApiserver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dex]:
    """Dex whose keys outlive it, in the custom resources of another cluster than the node's."""
    definitions = json.dumps({"apiVersion": "v1", "kind": "List", "items": custom_resource_definitions()})
    apiserver.kubectl("apply", "-f", "-", stdin=definitions)
    wait_until_served(apiserver)
    storage = {"type": "kubernetes", "config": {"kubeConfigFile": str(apiserver.kubeconfig)}}
    dex = Dex(tmp_path_factory.mktemp("dex"), storage)
    try:
        yield dex
    finally:
        dex.close()
        apiserver.kubectl("delete", "-f", "-", stdin=definitions)


class Users(Repeating):
    """Use their tokens all the time, each on a new connection, and count what is refused."""

    every = 0.02

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._node = node
        self._tokens: list[str] = []
        self.accepted = 0
        self.refused: list[str] = []

    def join(self, token: str) -> None:
        self._tokens.append(token)

    def act(self) -> None:
        for token in list(self._tokens):
            try:
                status, _ = self._node.whoami(token)
            except OSError:
                continue  # no answer is no refusal: the apiserver starts
            if status == 201:
                self.accepted += 1
            elif status == 401:
                self.refused.append(f"{status} for a token of {len(self._tokens)}")


def said(token: str) -> dict[str, Any]:
    """What a token says."""
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def both(old: Ingress, new: Ingress) -> list[dict[str, str]]:
    """Both issuers, by documents that the ingress serves whatever issuer Dex has, with Dex's keys."""
    issuers = []
    for name, ingress in (("old", old), ("new", new)):
        document = {"issuer": ingress.issuer, "jwks_uri": f"{old.issuer}/keys"}
        issuers.append({"url": ingress.issuer, "discovery_url": old.publish(f"/issuers/{name}", document)})
    return issuers


def test_both_without_documents_are_refused_beforehand(
    node: Node, old: Ingress, new: Ingress, issuer: Issuer
) -> None:
    """Dex names one issuer only, and a reload waits for all: listed plainly, the new one blocks it."""
    assert issuer(old.issuer)["result"] is True
    before = node.structured.read_text()
    result = issuer(old.issuer, new.issuer, timeout=1)
    assert (result["result"], node.structured.read_text()) == (False, before)
    assert "names the issuer" in result["comment"]


def test_no_valid_token_is_refused_while_the_issuer_moves(
    node: Node, old: Ingress, new: Ingress, dex: Dex, issuer: Issuer, authority: Authority, figure: Figure
) -> None:
    ca: Path = authority.certificate
    tokens = [log_in(old.issuer, ca)]
    with Users(node) as users:
        users.join(tokens[0])
        wait_for(lambda: users.accepted, "the first request")
        widened = issuer(*both(old, new))
        assert widened["result"] is True, widened
        assert widened["comment"].count("keys fetched") == 2
        dex.start(new.issuer)
        tokens.append(log_in(new.issuer, ca))
        users.join(tokens[-1])
        seen = users.accepted
        wait_for(lambda: users.accepted > seen + 20, "requests with both")
        node.apiserver.launch(node.apiserver.command + node.flags)
        wait_for(node.ready, "the apiserver")
        seen = users.accepted
        wait_for(lambda: users.accepted > seen + 20, "requests after the restart")
        names = [{claim: claims[claim] for claim in ("email", "sub", "name")} for claims in map(said, tokens)]
    figure("valid_tokens_refused", len(users.refused), "count")
    assert users.refused == []
    assert users.accepted > 100
    # Whichever claim makes the name, and with the prefix written out: RBAC goes on.
    assert names[0] == names[1]


def test_after_narrowing_the_old_issuer_is_refused_and_names_are_the_same(
    node: Node, old: Ingress, new: Ingress, issuer: Issuer, authority: Authority
) -> None:
    token = log_in(new.issuer, authority.certificate)
    before = node.whoami(token)
    narrowed = issuer({"url": new.issuer, "discovery_url": both(old, new)[1]["discovery_url"]})
    assert narrowed["result"] is True, narrowed
    assert narrowed["changes"] == {str(node.structured): {old.issuer: {"old": "accepted", "new": None}}}
    assert node.whoami(token) == before == (201, "oidc:admin@example.test")
    plain = issuer(new.issuer)
    assert plain["result"] is True, plain
    assert node.whoami(token) == before
