"""Which answers of an API server are worth a second try, and when to try.

Pure. This is the one place that reads message text: a webhook that does not answer and an etcd without a
leader come as plain 500s or even 422s, and the API says so nowhere else.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

APPLY = "application/apply-patch+yaml"
FIELD_CONFLICT = "FieldManagerConflict"

_UNAVAILABLE = frozenset({429, 502, 503, 504})
_WEBHOOK_TEXTS = ("failed calling webhook", "failed calling admission webhook", "conversion webhook for")
_ETCD_TEXTS = ("etcdserver: request timed out", "etcdserver: leader changed", "leader changed")
_IMMUTABLE_TEXTS = ("field is immutable", "is immutable", "cannot change roleref", "may not be changed")


def causes(answer: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the ``details.causes`` of a Status, each with ``reason``, ``message`` and ``field`` where
    given.
    """
    details = answer.get("details")
    found = details.get("causes") if isinstance(details, Mapping) else None
    return [dict(cause) for cause in found or [] if isinstance(cause, Mapping)]


def why_retry(status: int, answer: Mapping[str, Any], content_type: str | None = None) -> str | None:
    """Return why a request that was answered like this should be sent again, or None when it should not.

    ``status`` is the HTTP status, ``answer`` the Status object the server sent, ``content_type`` that of
    the request.
    """
    message = str(answer.get("message", "")).lower()
    if any(text in message for text in _ETCD_TEXTS):
        return "etcd has no leader at the moment"
    if status in _UNAVAILABLE:
        return "too many requests" if status == 429 else f"the API server is unavailable ({status})"
    if status == 500 and any(text in message for text in _WEBHOOK_TEXTS):
        return "a webhook does not answer yet"
    if status == 409 and content_type == APPLY and not is_field_conflict(answer):
        # A quota or the object itself was changed while the request was being admitted.
        return "the object was changed at the same moment"
    return None


def is_field_conflict(answer: Mapping[str, Any]) -> bool:
    """Tell whether a 409 names fields that other managers own; such a request never succeeds by repeating
    it.
    """
    return any(cause.get("reason") == FIELD_CONFLICT for cause in causes(answer))


def is_immutable(found: list[dict[str, str]]) -> bool:
    """Tell whether every cause of a 422 is a field that cannot change: only then would recreating the
    object help.
    """
    return bool(found) and all(
        any(text in cause.get("message", "").lower() for text in _IMMUTABLE_TEXTS) for cause in found
    )


def delays(first: float = 0.2, longest: float = 3.0) -> Iterator[float]:
    """Yield seconds to wait before each further try: doubling up to `longest`, with jitter of a quarter."""
    delay = first
    while True:
        yield delay * random.uniform(0.75, 1.25)  # noqa: S311 (not for cryptography)
        delay = min(delay * 2, longest)
