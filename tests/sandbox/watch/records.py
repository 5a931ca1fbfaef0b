"""What the samples tell: pure functions over what the sampler wrote."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

UNAUTHORIZED = 401


@dataclass(frozen=True)
class Request:
    """One request: `start` and `end` in seconds of the monotonic clock, `status` 0 when there was no answer.

    `kept`: on the connection that is kept; `fresh`: a connection was opened for it.
    """

    name: str
    tick: int
    start: float
    end: float
    status: int
    error: str
    kept: bool
    fresh: bool

    @property
    def answered(self) -> bool:
        """Whether somebody who can serve answered in time: no error, and no 5xx (NGINX without a backend)."""
        return not self.error and self.status < 500

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start


@dataclass(frozen=True)
class Holders:
    """Who answered for an IP between one ARP request and the next."""

    ip: str
    start: float
    macs: frozenset[str]


@dataclass(frozen=True)
class Seen:
    """Everything that was sampled between `begun` and `ended`.

    A failed request is one on a new connection that errored: the methods look at those, unless `kept` is set.
    """

    begun: float
    ended: float
    requests: tuple[Request, ...] = ()
    holders: tuple[Holders, ...] = ()
    cpu: float = 0.0

    def between(self, start: float | None = None, end: float | None = None) -> Seen:
        """The part of it that began in that span."""
        first, last = start if start is not None else self.begun, end if end is not None else self.ended
        return replace(
            self,
            begun=max(first, self.begun),
            ended=min(last, self.ended),
            requests=tuple(r for r in self.requests if first <= r.start <= last),
            holders=tuple(h for h in self.holders if first <= h.start <= last),
        )

    @property
    def names(self) -> list[str]:
        """Names of the targets, in the order in which they were first asked."""
        return list(dict.fromkeys(request.name for request in self.requests))

    def of(self, *names: str, kept: bool = False) -> list[Request]:
        """Requests to these targets (all without any)."""
        return [r for r in self.requests if r.kept == kept and (not names or r.name in names)]

    def failed(self, *names: str, kept: bool = False) -> list[Request]:
        """Requests to these targets that got no proper answer."""
        return [request for request in self.of(*names, kept=kept) if not request.answered]

    def failed_moments(self, *names: str) -> list[list[Request]]:
        """Moments at which none of these targets answered: the requests that were sent then, all failed.

        A moment of which some target's request is still under way does not count yet.
        """
        moments: dict[int, list[Request]] = {}
        first: dict[str, int] = {}
        for request in self.of(*names):
            moments.setdefault(request.tick, []).append(request)
            first[request.name] = min(request.tick, first.get(request.name, request.tick))
        return [
            sent
            for tick, sent in sorted(moments.items())
            if not any(request.answered for request in sent)
            and {request.name for request in sent} >= {name for name in first if first[name] <= tick}
        ]

    def refused(self, *names: str) -> list[Request]:
        """Requests that were answered with 401, on whichever connection."""
        return [r for r in self.requests if r.status == UNAUTHORIZED and (not names or r.name in names)]

    def longest_request(self, *names: str, kept: bool = False) -> float:
        """Seconds of the longest request, failed ones too; 0 without any."""
        return max((request.seconds for request in self.of(*names, kept=kept)), default=0.0)

    def longest_gap(self, *names: str, kept: bool = False) -> float:
        """Longest time in which no answer of any of these targets arrived.

        The time before the first answer and the one after the last count, too.
        """
        arrivals = sorted(r.end for r in self.of(*names, kept=kept) if r.answered)
        # An answer to a request that was sent in time may arrive after the end.
        inside = [self.begun, *(min(arrival, self.ended) for arrival in arrivals), self.ended]
        return max(later - earlier for earlier, later in itertools.pairwise(inside))

    def first_answer(self, *names: str) -> float | None:
        """When the first answer of these targets arrived; None without one."""
        return min((request.end for request in self.of(*names) if request.answered), default=None)

    def last_answer(self, *names: str) -> float | None:
        """When the last request that was answered was sent to these targets; None without one."""
        return max((request.start for request in self.of(*names) if request.answered), default=None)

    def errors(self, *names: str, kept: bool = False) -> dict[str, int]:
        """How often each kind of failure occurred: its text or `status NNN`."""
        counts: dict[str, int] = {}
        for request in self.failed(*names, kept=kept):
            text = request.error or f"status {request.status}"
            counts[text] = counts.get(text, 0) + 1
        return counts

    def several_holders(self, ip: str) -> float:
        """Longest time during which more than one MAC answered for the IP."""
        return max((end - start for start, end in self._spells(ip, 2)), default=0.0)

    def silent(self, ip: str) -> float:
        """Longest time during which nobody answered for the IP."""
        samples = self._of_ip(ip)
        spells = _spells([(sample.start, not sample.macs) for sample in samples], self.ended)
        return max((end - start for start, end in spells), default=0.0)

    def macs(self, ip: str, after: float | None = None) -> set[str]:
        """Every MAC that answered for the IP, to questions after a moment or all."""
        samples = self._of_ip(ip)
        return {mac for s in samples if after is None or s.start >= after for mac in s.macs}

    def summary(self) -> str:
        """A few lines for a person."""
        lines = [f"watched for {self.ended - self.begun:.1f} s ({self.cpu:.1f} s of CPU)"]
        for name in self.names:
            for kept in (False, True):
                if sent := self.of(name, kept=kept):
                    lines.append(
                        f"{name}{' (kept connection)' if kept else ''}: {len(sent)} requests, "
                        f"{len(self.failed(name, kept=kept))} failed, "
                        f"longest {self.longest_request(name, kept=kept):.2f} s, "
                        f"longest gap {self.longest_gap(name, kept=kept):.2f} s"
                    )
                    lines += [f"  {count} x {text}" for text, count in self.errors(name, kept=kept).items()]
        for ip in dict.fromkeys(sample.ip for sample in self.holders):
            lines.append(
                f"{ip}: held by {', '.join(sorted(self.macs(ip))) or 'nobody'}, "
                f"several at once for {self.several_holders(ip):.1f} s, nobody for {self.silent(ip):.1f} s"
            )
        return "\n".join(lines)

    def _of_ip(self, ip: str) -> list[Holders]:
        return [sample for sample in self.holders if sample.ip == ip]

    def _spells(self, ip: str, least: int) -> Iterator[tuple[float, float]]:
        samples = self._of_ip(ip)
        return _spells([(sample.start, len(sample.macs) >= least) for sample in samples], self.ended)


def parse(lines: Iterable[str], now: float) -> Seen:
    """What the sampler's record tells; one that is still being written ends `now`."""
    begun, ended, cpu = now, now, 0.0
    requests: list[Request] = []
    holders: list[Holders] = []
    for line in lines:
        if not line.endswith("\n"):
            break  # is being written
        kind, *values = json.loads(line)
        if kind == "request":
            requests.append(Request(*values))
        elif kind == "arp":
            ip, start, macs = values
            holders.append(Holders(ip, start, frozenset(macs)))
        elif kind == "begun":
            begun = min(begun, values[0])
        else:
            ended, cpu = values
    return Seen(begun, ended, tuple(requests), tuple(holders), cpu)


def _spells(samples: list[tuple[float, bool]], end: float) -> Iterator[tuple[float, float]]:
    """From when to when a property held, sample after sample."""
    since: float | None = None
    for start, holds in samples:
        if holds and since is None:
            since = start
        if not holds and since is not None:
            yield since, start
            since = None
    if since is not None:
        yield since, end
