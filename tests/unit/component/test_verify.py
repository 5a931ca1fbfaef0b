"""What an answer of a component lacks."""

from __future__ import annotations

import pytest

from cp_ingress_core.component.model import Verify
from cp_ingress_core.component.values import Endpoint
from cp_ingress_core.component.verify import Answer, problem

ENDPOINT = Endpoint.of("https://10.200.0.50:8443")
DISCOVERY = Verify("{issuer}/.well-known/openid-configuration", json={"issuer": "{issuer}"})
GOOD = b'{"issuer": "https://10.200.0.50:8443/oidc"}'


@pytest.mark.parametrize(
    ("answer", "wanted", "words"),
    [
        pytest.param(Answer(200, GOOD), DISCOVERY, "", id="as it shall be"),
        pytest.param(Answer(401, b""), Verify("{url}", 401), "", id="another status, as wanted"),
        pytest.param(Answer(problem="refused"), DISCOVERY, "refused", id="no answer"),
        pytest.param(Answer(502, GOOD), DISCOVERY, "status 502, not 200", id="a bad gateway"),
        pytest.param(Answer(200, b"<html>"), DISCOVERY, "the answer is not JSON", id="a page"),
        pytest.param(
            Answer(200, b'{"issuer": "https://old/oidc"}'),
            DISCOVERY,
            "issuer is 'https://old/oidc', not 'https://10.200.0.50:8443/oidc'",
            id="another issuer",
        ),
        pytest.param(Answer(200, b"[]"), DISCOVERY, "issuer is None", id="no mapping"),
    ],
)
def test_problem(answer: Answer, wanted: Verify, words: str) -> None:
    found = problem(answer, wanted, ENDPOINT)
    assert found.startswith(words) if words else found == ""
