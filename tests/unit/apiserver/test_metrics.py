"""What an apiserver's metrics tell, in the versions that tell more and in those that tell less."""

from __future__ import annotations

import pytest

from cp_ingress_core.apiserver import live
from cp_ingress_core.apiserver.metrics import LINES, Metrics, digest

CONTROLLER = "apiserver_authentication_config_controller"
ISSUER = "https://a.test/oidc"
TEXT = "the file"


def metrics(*, started: float = 100, **samples: float) -> Metrics:
    """Metrics of one apiserver: `success` and `failure` of reloads, `last` success, `digest` of the file."""
    lines = [f"process_start_time_seconds {started}"]
    for status in ("success", "failure"):
        labels = f'{{apiserver_id_hash="sha256:1",status="{status}"}}'
        if status in samples:
            lines.append(f"{CONTROLLER}_automatic_reloads_total{labels} {samples[status]}")
    if "last" in samples:
        labels = '{apiserver_id_hash="sha256:1",status="success"}'
        lines.append(f"{CONTROLLER}_automatic_reload_last_timestamp_seconds{labels} {samples['last']}")
    if "digest" in samples:
        text = TEXT if samples["digest"] else "another"
        lines.append(f'{CONTROLLER}_last_config_info{{apiserver_id_hash="1",hash="{digest(text)}"}} 1')
    return Metrics("\n".join(["# HELP process_start_time_seconds x", *lines, "other 1"]))


USES = [
    ((1, 34), metrics(digest=1), True, "the digest is the file's"),
    (
        (1, 34),
        metrics(digest=0, success=9, last=999),
        False,
        "the digest is another's, whatever was reloaded",
    ),
    ((1, 36), metrics(), False, "no digest where one is told"),
    ((1, 33), metrics(success=2), True, "a reload more than before"),
    ((1, 33), metrics(success=1, last=150), False, "the reloads of before"),
    ((1, 33), metrics(success=1, last=250), True, "a reload after the file was written, in an earlier run"),
    ((1, 33), metrics(started=250), True, "a start after the file was written"),
    ((1, 30), metrics(started=150), False, "a start before it"),
]


@pytest.mark.parametrize(("version", "found", "uses", "_"), USES, ids=[row[3] for row in USES])
def test_whether_a_file_is_in_use(version: tuple[int, int], found: Metrics, uses: bool, _: str) -> None:
    before = live.Before(started=100, succeeded=1, failed=0)
    assert live._uses(found, TEXT, version, before, 200) is uses


@pytest.mark.parametrize(
    ("age", "seconds"),
    [(0.0, 1.0), (5.0, 1.0), (9.4, 0.6), (9.9, 0.3), (10.2, 0.3), (3600.0, 0.3), (-5.0, 1.0)],
    ids=[
        "a file just written is not used for ten seconds",
        "half of them are over",
        "the last look before they are over comes just then",
        "but not at once",
        "any moment now",
        "a file of long ago",
        "a file of the future, by an adjusted clock",
    ],
)
def test_a_reload_is_looked_for_closely_only_when_it_can_be_over(age: float, seconds: float) -> None:
    assert live._pause(age) == pytest.approx(seconds)


RESTARTS = [
    (100.0, metrics(started=130), True, "a process that started after the one of before"),
    (100.0, metrics(started=100.85), True, "a process that started within a second after it"),
    (100.0, metrics(started=100), False, "the one of before"),
    (100.37, metrics(started=101.37), False, "the one of before, told later by an adjusted clock"),
    (100.37, metrics(started=99.37), False, "the one of before, told earlier by an adjusted clock"),
    (100.0, Metrics(""), False, "one that does not tell"),
    (
        None,
        metrics(started=199),
        True,
        "none before, and a start in the second in which the file was written",
    ),
    (None, metrics(started=197), False, "none before, and a start before the file was written"),
]


@pytest.mark.parametrize(("before", "found", "another", "_"), RESTARTS, ids=[row[3] for row in RESTARTS])
def test_whether_another_process_answers(before: float | None, found: Metrics, another: bool, _: str) -> None:
    assert live._another(found, live.Before(before, 0, 0), written=200) is another


def test_keys_and_judged_tokens_are_told_by_issuer() -> None:
    name = "apiserver_authentication_jwt_authenticator"
    fetched = f"{name}_jwks_fetch_last_timestamp_seconds"
    labels = f'apiserver_id_hash="1",jwt_issuer_hash="{digest(ISSUER)}"'
    found = Metrics(
        f'{fetched}{{{labels},result="success"}} 1.7e+09\n{fetched}{{{labels},result="failure"}} 1.8e+09\n'
        f'{name}_latency_seconds_count{{jwt_issuer_hash="{digest(ISSUER)}",result="failure"}} 3\n'
    )
    assert found.keys_fetched(ISSUER) == 1.7e9
    assert found.judged(ISSUER) == 3
    assert found.keys_fetched("https://b.test") is None
    assert found.judged("https://b.test") == 0


def told(*, judged: float, fetched: float = 0, missed: float = 0, reloaded: float = 0) -> Metrics:
    """What an apiserver that started at 100 tells about the issuer."""
    name, key = "apiserver_authentication_jwt_authenticator", f'jwt_issuer_hash="{digest(ISSUER)}"'
    lines = [
        "process_start_time_seconds 100",
        f'{name}_latency_seconds_count{{{key},result="failure"}} {judged}',
        f'{CONTROLLER}_automatic_reload_last_timestamp_seconds{{status="success"}} {reloaded}',
    ]
    for result, value in (("success", fetched), ("failure", missed)):
        lines += (
            [f'{name}_jwks_fetch_last_timestamp_seconds{{{key},result="{result}"}} {value}'] if value else []
        )
    return Metrics("\n".join(lines))


SHOWN = [
    (told(judged=1), told(judged=2, fetched=200), (1, 36), "keys fetched", "the token made it fetch"),
    (
        told(judged=1, fetched=150),
        told(judged=1, fetched=150),
        (1, 36),
        "",
        "no authenticator took the token",
    ),
    (told(judged=1, fetched=150), told(judged=2, fetched=150), (1, 36), "keys known", "keys are kept"),
    (told(judged=1, fetched=90), told(judged=2, fetched=90), (1, 36), "", "keys of an earlier process"),
    (
        told(judged=1, fetched=150, reloaded=160),
        told(judged=2, fetched=150, reloaded=160),
        (1, 36),
        "",
        "keys of the authenticator before the reload",
    ),
    (
        told(judged=1, fetched=159.5, reloaded=160),
        told(judged=2, fetched=159.5, reloaded=160),
        (1, 36),
        "keys known",
        "somebody's token came just before the reload was counted",
    ),
    (
        told(judged=1, fetched=150),
        told(judged=2, fetched=150, missed=170),
        (1, 36),
        "",
        "they have expired and cannot be fetched",
    ),
    (
        told(judged=1, reloaded=160),
        told(judged=2, reloaded=160),
        (1, 36),
        "keys known",
        "its times were dropped since it had left the configuration for a moment",
    ),
    (
        told(judged=1, reloaded=160),
        told(judged=2, missed=170, reloaded=160),
        (1, 36),
        "",
        "they cannot be fetched after a reload",
    ),
    (told(judged=1), told(judged=2), (1, 34), "token judged", "a version that tells less"),
    (told(judged=1), told(judged=2), (1, 36), "", "not fetched at all"),
]


@pytest.mark.parametrize(("before", "after", "version", "shown", "_"), SHOWN, ids=[row[4] for row in SHOWN])
def test_what_a_refused_token_shows(
    before: Metrics, after: Metrics, version: tuple[int, int], shown: str, _: str
) -> None:
    assert live._shown(before, after, ISSUER, version) == shown


def test_a_value_with_every_kind_of_label_is_read() -> None:
    found = Metrics('a{b="c,d=\\"e\\"",f="}"} 1\na_total 7\na 2.5\n')
    assert list(found.samples("a")) == [({"b": 'c,d=\\"e\\"', "f": "}"}, 1.0), ({}, 2.5)]
    assert found.value("a") == 3.5
    assert found.value("missing") is None


def test_the_lines_that_are_kept_are_those_that_are_read() -> None:
    names = ["process_start_time_seconds", f"{CONTROLLER}_x", "apiserver_authentication_jwt_authenticator_x"]
    assert all(name.encode().startswith(LINES) for name in names)
