"""How fast many objects are applied, beside ``kubectl apply --server-side`` of the same files, in one run.

One etcd and one kube-apiserver of the benchmark's own; etcd waits for a disk, as in every cluster. Each
contender has namespaces of its own; they take turns, so that other work on the machine slows all of them
alike. Times are those of whole processes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.bench.contenders import AGENT, KUBECTL, LIBRARY, SALT, Contender, contenders
from tests.bench.measure import CommandFailedError, Run, median, run
from tests.bench.objects import write_file
from tests.lighttier import LightApiserver
from tests.sandbox.build import BuildError
from tests.sandbox.progress import Progress, figure

SIZES = (50, 500, 1000, 5000)
BAR_SIZE = 1000
CONTENDERS = (KUBECTL, LIBRARY, SALT)
NOOP, CREATED, CHANGED = "no-op", "all created", "all changed"
# The longest time a phase may take, as a share of kubectl's.
BARS = {NOOP: 0.2, CREATED: 0.5, CHANGED: 0.5}
WORDS = {NOOP: "noop", CREATED: "created", CHANGED: "changed"}
MEMORY_BAR = 200.0  # MiB
NOOPS = 2  # no-op runs per namespace: they are short, and their medians need numbers
ROUNDS_AT_LARGE_SIZES, LARGE = 1, 2000


@dataclass
class Results:
    """The runs by size, phase and contender, and the writes that no-op runs of ours asked for."""

    runs: dict[tuple[int, str, str], list[Run]] = field(default_factory=dict)
    noop_writes: int = 0
    noop_requests: dict[int, set[int]] = field(default_factory=dict)

    def add(self, size: int, phase: str, contender: str, found: Run) -> None:
        """Keep one run."""
        self.runs.setdefault((size, phase, contender), []).append(found)

    def seconds(self, size: int, phase: str, contender: str) -> float:
        """Return the median time of a phase."""
        return median([found.seconds for found in self.runs[size, phase, contender]])

    def ratio(self, size: int, phase: str, contender: str) -> float:
        """Return a contender's median time as a share of kubectl's."""
        return self.seconds(size, phase, contender) / self.seconds(size, phase, KUBECTL)

    def best_ratio(self, size: int, phase: str, contender: str) -> float:
        """Return the same for the shortest times, which other work on the machine disturbed least."""
        best = {
            name: min(found.seconds for found in self.runs[size, phase, name])
            for name in (contender, KUBECTL)
        }
        return best[contender] / best[KUBECTL]

    def cpu(self, size: int, phase: str, contender: str) -> tuple[float, float]:
        """Return the median CPU times of a contender's own processes and of the servers."""
        runs = self.runs[size, phase, contender]
        return median([found.cpu_seconds for found in runs]), median([found.server_seconds for found in runs])

    def cpu_ratio(self, size: int, phase: str, contender: str) -> float:
        """Return all CPU time as a share of that with kubectl: hardly disturbed by other work."""
        return sum(self.cpu(size, phase, contender)) / sum(self.cpu(size, phase, KUBECTL))

    def peak(self, size: int, contender: str) -> float:
        """Return the highest peak memory of any phase, in MiB."""
        return max(
            found.peak for key, runs in self.runs.items() if key[::2] == (size, contender) for found in runs
        )

    def inside(self, size: int, phase: str, part: str) -> float:
        """Return the median time of a part of the library's process: ``start`` or ``engine``."""
        return median([json.loads(found.output)[part] for found in self.runs[size, phase, LIBRARY]])


def parser() -> argparse.ArgumentParser:
    """The parser of the options."""
    top = argparse.ArgumentParser(prog="python -m tests.bench engine", description=__doc__)
    top.add_argument(
        "--sizes",
        type=lambda text: [int(part) for part in text.split(",")],
        default=list(SIZES),
        help=f"how many objects, separated by commas (default: {','.join(map(str, SIZES))})",
    )
    top.add_argument(
        "--rounds",
        type=int,
        default=5,
        help=f"how often everything is measured (default: 5; {ROUNDS_AT_LARGE_SIZES} above {LARGE} objects)",
    )
    top.add_argument(
        "--etcd",
        choices=("disk", "memory"),
        default="disk",
        help="where etcd's data are: a temporary folder whose disk it waits for (default), or memory",
    )
    top.add_argument("--strict", action="store_true", help="exit with 1 when a bar is missed")
    return top


def main(arguments: Sequence[str]) -> int:
    """Measure, print tables, figures and missed bars; return the exit code."""
    options = parser().parse_args(arguments)
    progress, results = Progress(), Results()
    try:
        server = LightApiserver(durable=options.etcd == "disk")
        try:
            progress.say("starting an API server")
            server.open()
            _measure(server, options, progress, results)
        finally:
            server.close()
    except (CommandFailedError, BuildError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    for size in options.sizes:
        _table(results, size)
    _figures(results, options.sizes)
    missed = _missed(results, options.sizes)
    for line in missed:
        print(f"bar missed: {line}", flush=True)
    return 1 if missed and options.strict else 0


def _measure(
    server: LightApiserver, options: argparse.Namespace, progress: Progress, results: Results
) -> None:
    everyone = contenders(server)
    _round(server, everyone, 5, "warm-up", Results(), progress)
    for size in options.sizes:
        rounds = options.rounds if size <= LARGE else ROUNDS_AT_LARGE_SIZES
        for number in range(rounds):
            progress.say(f"{size} objects, round {number + 1} of {rounds}")
            turn = everyone[number % len(everyone) :] + everyone[: number % len(everyone)]
            _round(server, turn, size, f"n{size}-{number}", results, progress)


def _round(
    server: LightApiserver,
    turn: Sequence[Contender],
    size: int,
    name: str,
    results: Results,
    progress: Progress,
) -> None:
    """Create, run twice unchanged, change: each phase with every contender before the next phase."""
    for contender in turn:
        _new_namespace(server, f"{contender.name}-{name}")
    for phase, revision in ((CREATED, 0), *((NOOP, 0) for _ in range(NOOPS)), (CHANGED, 1)):
        said = []
        for contender in turn:
            namespace = f"{contender.name}-{name}"
            file = write_file(server.folder / "objects.yaml", namespace, size, revision)
            mark = server.mark()
            before = server.cpu_seconds()
            found = run(contender.command(file, namespace), server.folder, contender.environment)
            found = replace(found, server_seconds=server.cpu_seconds() - before)
            results.add(size, phase, contender.name, found)
            said.append(f"{contender.name} {found.seconds:.2f} s")
            if phase == NOOP and contender.name != KUBECTL:
                _count_requests(server, mark, size, results)
        progress.say(f"  {phase}: {', '.join(said)}")


def _count_requests(server: LightApiserver, mark: int, size: int, results: Results) -> None:
    requests = server.since(mark, AGENT)
    results.noop_writes += sum(1 for request in requests if request.is_write)
    results.noop_requests.setdefault(size, set()).add(len(requests))


def _new_namespace(server: LightApiserver, name: str) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    status, answer = server.request("POST", "/api/v1/namespaces", body)
    if status != 201:
        raise CommandFailedError(f"Namespace {name}: {answer}")


def _table(results: Results, size: int) -> None:
    names = sorted({key[2] for key in results.runs if key[0] == size}, key=CONTENDERS.index)
    print(
        f"\n{size} ConfigMaps: median seconds of whole processes (median, shortest as a share of kubectl's)"
    )
    print(f"  {'':<12}" + "".join(f"{name:>26}" for name in names) + f"{'library: start, engine':>26}")
    for phase in BARS:
        cells = [
            f"{results.seconds(size, phase, name):8.2f} s ({results.ratio(size, phase, name):5.2f} x,"
            f" {results.best_ratio(size, phase, name):5.2f} x)"
            for name in names
        ]
        inside = [results.inside(size, phase, part) for part in ("start", "engine")]
        line = "".join(f"{cell:>26}" for cell in cells) + "{:>14.2f}, {:8.2f} s".format(*inside)
        print(f"  {phase:<12}{line}")
    for phase in BARS:
        used = [results.cpu(size, phase, name) for name in names]
        cells = [f"{own:8.2f} + {servers:5.2f} s" for own, servers in used]
        print(
            f"  {'CPU time':<12}" + "".join(f"{cell:>26}" for cell in cells) + f"   {phase}: own + servers'"
        )
    peaks = [f"{results.peak(size, name):.0f} MiB" for name in names]
    print(f"  {'peak memory':<12}" + "".join(f"{peak:>26}" for peak in peaks))
    requests = " or ".join(str(count) for count in sorted(results.noop_requests[size]))
    print(f"  requests of a no-op: {requests}", flush=True)


def _figures(results: Results, sizes: Sequence[int]) -> None:
    print()
    for size in sizes:
        for phase, word in WORDS.items():
            figure(f"{word}_{size}_vs_kubectl", round(results.ratio(size, phase, LIBRARY), 3), "ratio")
            figure(
                f"{word}_{size}_salt_call_vs_kubectl",
                round(results.ratio(size, phase, SALT), 3),
                "ratio",
            )
        for phase, word in WORDS.items():
            ratio = results.cpu_ratio(size, phase, LIBRARY)
            figure(f"{word}_{size}_cpu_vs_kubectl", round(ratio, 3), "ratio")
        figure(f"peak_memory_{size}", round(results.peak(size, LIBRARY), 1), "MiB")
    figure("noop_write_requests", results.noop_writes, "count")


def _missed(results: Results, sizes: Sequence[int]) -> list[str]:
    """Return a line for each bar that was missed; the bars are those of 1,000 objects."""
    lines = [f"a no-op asked for {results.noop_writes} writes (bar 0)"] if results.noop_writes else []
    if BAR_SIZE not in sizes:
        return lines
    for phase, bar in BARS.items():
        ratio = results.ratio(BAR_SIZE, phase, LIBRARY)
        if ratio > bar:
            lines.append(f"{phase}, {BAR_SIZE} objects: {ratio:.2f} x kubectl's time (bar {bar} x)")
    peak = results.peak(BAR_SIZE, LIBRARY)
    if peak > MEMORY_BAR:
        lines.append(f"peak memory, {BAR_SIZE} objects: {peak:.0f} MiB (bar {MEMORY_BAR:.0f} MiB)")
    return lines
