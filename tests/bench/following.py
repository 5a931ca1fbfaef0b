"""The whole change of the IP with Dex, a console and every apiserver, there and back, several times.

Brings a three-master cluster up and takes it away again. Each run is the documented command on the Salt
master, watched from all sides. The old address is kept until the next run begins, or with `--keep 0` it goes
in the same run, and with it tokens of the old issuer. About two minutes a run.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from tests.bench.cluster import running
from tests.e2e import following as story
from tests.e2e.following import Change
from tests.e2e.transitions import Wish
from tests.sandbox.build import BuildError
from tests.sandbox.cluster import Sandbox
from tests.sandbox.errors import SandboxError
from tests.sandbox.progress import Progress, figure
from tests.sandbox.sso import dex

FIRST, SECOND = Wish("10.200.0.50"), Wish("10.200.0.60")
TOTAL_BAR, LOGIN_BAR = 60.0, 5.0  # seconds
PREFIX = "cp_ingress-orchestrate-change-"


def parser() -> argparse.ArgumentParser:
    """The parser of the options."""
    top = argparse.ArgumentParser(prog="python -m tests.bench following", description=__doc__)
    top.add_argument("--runs", type=int, default=3, help="how often the IP is changed (default: 3)")
    top.add_argument(
        "--keep",
        type=int,
        default=story.KEPT,
        help=f"seconds that the old address is kept (default: {story.KEPT})",
    )
    top.add_argument("--strict", action="store_true", help="exit with 1 when a bar is missed")
    return top


def main(arguments: Sequence[str]) -> int:
    """Measure, print figures and missed bars; return the exit code."""
    options = parser().parse_args(arguments)
    progress = Progress()
    try:
        with running() as cluster:
            found = _changes(cluster, options.runs, options.keep, progress)
    except (SandboxError, BuildError) as error:
        progress.say(f"following: {error}")
        return 1
    missed = _figures(found, kept=options.keep > 0)
    for line in missed:
        print(f"bar missed: {line}", flush=True)
    return 1 if missed and options.strict else 0


def steps(data: Any) -> Iterator[tuple[str, float]]:
    """Return the steps of an orchestration and the seconds each took, in their order."""
    if not isinstance(data, dict):
        return
    for key, value in sorted(data.items(), key=lambda pair: _place(pair[1])):
        if PREFIX in key and isinstance(value, dict):
            yield key.split(PREFIX)[1].split("_|-")[0], float(value.get("duration", 0)) / 1000
        else:
            yield from steps(value)


def _place(value: Any) -> int:
    return int(value.get("__run_num__", 0)) if isinstance(value, dict) else 0


def _changes(cluster: Sandbox, runs: int, keep: int, progress: Progress) -> list[tuple[Change, float]]:
    """Return each change, and the longest time in which nobody could log in."""
    progress.say("the ingress, Dex, a console; every apiserver accepts the issuer")
    ca = story.deploy(cluster, FIRST)
    story.follow(cluster)
    story.orchestrate(cluster)
    found = []
    old, new = FIRST, SECOND
    for number in range(1, runs + 1):
        token = story.log_in(old.ip, ca)
        story.tune(cluster, change={"keep_old_for": keep})
        changed = story.change(cluster, old, new, ca, token)
        gap = changed.logins.longest_gap(dex.issuer(old.ip), dex.issuer(new.ip))
        found.append((changed, gap))
        progress.say(f"change {number} of {runs}: {changed.seconds:.1f} s, no login for {gap:.1f} s")
        print(", ".join(f"{name} {seconds:.1f} s" for name, seconds in steps(changed.result.data)))
        print(changed.seen.summary(), flush=True)
        story.tune(cluster, change={"keep_old_for": 0})
        story.orchestrate(cluster)
        old, new = new, old
    return found


def _figures(found: list[tuple[Change, float]], *, kept: bool) -> list[str]:
    """Print the figures; return a line for each bar that was missed."""
    total = median(changed.seconds for changed, _ in found)
    login = median(gap for _, gap in found)
    counts = {
        "ip_change_apiserver_failed_requests": sum(
            len(changed.seen.failed(*story.MASTERS)) for changed, _ in found
        ),
        # Where the old issuer goes in the same run, tokens of it are refused from then on, as asked for.
        **({"valid_tokens_refused": sum(len(each.seen.refused()) for each, _ in found)} if kept else {}),
        "ip_change_failed_requests": sum(
            len(changed.seen.failed_moments(FIRST.url, SECOND.url)) for changed, _ in found
        ),
    }
    figure("ip_change_total_median", round(total, 1), "s")
    figure("ip_change_login_gap_median", round(login, 2), "s")
    for name, count in counts.items():
        figure(name, count, "count")
    missed = [f"{name}: {count}" for name, count in counts.items() if count]
    missed += [f"ip_change_total_median: {total:.1f} s (bar {TOTAL_BAR:g} s)"] if total > TOTAL_BAR else []
    return missed + (
        [f"ip_change_login_gap_median: {login:.2f} s (bar {LOGIN_BAR:g} s)"] if login > LOGIN_BAR else []
    )
