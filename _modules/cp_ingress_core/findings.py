"""What is wrong with a configuration, collected, so that everything wrong is reported at once."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from typing import Any

from cp_ingress_core.errors import ConfigError

# How a missing value is written in a finding.
ABSENT: Any = object()

# A URL's user and password.
_URL_USER = re.compile(r"//[^/\s]*@")

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_SHORT.maxlong = 40
_SHORT.maxlevel = 2


def shown(value: Any) -> str:
    """Write a value for a message: on one line, at most about 200 characters, whatever it holds.

    Parameters
    ----------
    value
        Anything that came out of YAML, or ``ABSENT``. A URL's user and password are not shown.

    Returns
    -------
    str
        ``nothing`` for ``ABSENT``, plain words for YAML's scalars, a shortened ``repr`` otherwise.
    """
    if value is ABSENT:
        return "nothing"
    if value is None:
        return "an empty value"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, str):
        value = _URL_USER.sub("//***@", value)
    return _SHORT.repr(value)[:200]


class Findings:
    """Errors and notes about one configuration, in the order of their discovery."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.notes: list[str] = []

    def refuse(self, key: str, value: Any, why: str, *, allowed: str, remedy: str) -> None:
        """Add an error that names the key, the value found, what is allowed and the remedy."""
        self.errors.append(f"{key}: found {shown(value)}: {why}. Allowed: {allowed}. Remedy: {remedy}.")

    def refuse_file(self, path: str, why: str, *, allowed: str, remedy: str) -> None:
        """Add an error about a file as a whole."""
        self.errors.append(f"{path}: {why}. Allowed: {allowed}. Remedy: {remedy}.")

    def note(self, key: str, value: Any, what: str) -> None:
        """Add a remark that stops nothing."""
        self.notes.append(f"{key}: found {shown(value)}: {what}.")

    def raise_errors(self) -> None:
        """Raise one :class:`ConfigError` that holds all errors, if there are any."""
        if self.errors:
            raise ConfigError(self.errors)
