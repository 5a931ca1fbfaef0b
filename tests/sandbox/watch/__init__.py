"""What clients see while something happens: samplers that run beside a test, and what they found.

    with watch.endpoints([old, new], ca) as watching:
        ...                                     # the change
        watching.so_far.first_answer(new)       # results may be read at any moment
    seen = watching.seen
    assert seen.failed_moments(old, new) == []
    print(seen.summary())

One process on the client does the asking; it takes no part in the test's own work, so a busy test does not
look like an outage. All times are seconds of `time.monotonic()`, which is the same clock in every process.
"""

from tests.sandbox.watch.logins import Logins
from tests.sandbox.watch.probes import apiservers, both, endpoints, macs, tokens
from tests.sandbox.watch.records import Holders, Request, Seen
from tests.sandbox.watch.running import Watching

__all__ = [
    "Holders",
    "Logins",
    "Request",
    "Seen",
    "Watching",
    "apiservers",
    "both",
    "endpoints",
    "macs",
    "tokens",
]
