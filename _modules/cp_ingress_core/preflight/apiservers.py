"""Every apiserver of the cluster: does it answer, in which version, and what does its clock say?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cp_ingress_core.exposure import version_of
from cp_ingress_core.kube.apiservers import Apiserver
from cp_ingress_core.preflight.model import Finding, warning

# The Date of an answer has whole seconds, and the answer takes its time.
_SKEW_SECONDS = 5.0


def check(answers: Sequence[Apiserver], masters: Mapping[str, list[str]]) -> list[Finding]:
    """Check what the apiservers answered.

    answers
        One for each apiserver that the cluster knows of; none where they could not be listed.
    masters
        The masters' addresses by name.
    """
    if not answers:
        return []
    names = {address: name for name, listed in masters.items() for address in listed}
    return [
        *_missing(answers, masters),
        *_silent(answers, names),
        *_versions(answers, names),
        *_clocks(answers, names),
    ]


def _named(answer: Apiserver, names: Mapping[str, str]) -> str:
    return names.get(answer.address, answer.address)


def _missing(answers: Sequence[Apiserver], masters: Mapping[str, list[str]]) -> list[Finding]:
    known = {answer.address for answer in answers}
    return [
        warning(
            "apiserver-unreachable",
            f"no apiserver of master {name} is among the cluster's endpoints",
            "bring it back; what must be done on every master waits for it",
        )
        for name, listed in masters.items()
        if listed and not known.intersection(listed) and len(answers) < len(masters)
    ]


def _silent(answers: Sequence[Apiserver], names: Mapping[str, str]) -> list[Finding]:
    return [
        warning(
            "apiserver-unreachable",
            f"the apiserver of {_named(answer, names)} does not answer at {answer.address}: {answer.problem}",
            "bring it back; what must be done on every master waits for it",
        )
        for answer in answers
        if answer.problem
    ]


def _versions(answers: Sequence[Apiserver], names: Mapping[str, str]) -> list[Finding]:
    found = {_named(answer, names): answer.version for answer in answers if answer.version}
    if len({version_of(version) for version in found.values()}) < 2:
        return []
    listed = ", ".join(f"{name} {version}" for name, version in sorted(found.items()))
    return [
        warning(
            "apiserver-versions-differ",
            f"the apiservers are of different versions: {listed}",
            "finish the upgrade first, if that can wait for nothing else",
        )
    ]


def _clocks(answers: Sequence[Apiserver], names: Mapping[str, str]) -> list[Finding]:
    found = {_named(answer, names): answer.ahead for answer in answers if answer.version}
    if not found or max(found.values()) - min(found.values()) <= _SKEW_SECONDS:
        return []
    listed = ", ".join(f"{name} {ahead:+.0f} s" for name, ahead in sorted(found.items()))
    return [
        warning(
            "clock-skew",
            f"the masters' clocks differ; compared with this machine's: {listed}",
            "set up time synchronisation on every master: a certificate or token just issued is refused where"
            " the clock is behind",
        )
    ]
