"""Reading one mapping of a configuration: known keys only, each value checked, every refusal collected."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cp_ingress_core.findings import ABSENT, Findings, shown

# Text under such names is not shown: a key in the wrong place may hold a real password.
_CONFIDENTIAL = re.compile(r"pass|secret|token|key|cred", re.IGNORECASE)


def refuse_unknown(
    data: Mapping[Any, Any], known: Sequence[str], path: str, separator: str, findings: Findings
) -> None:
    """Refuse every key of ``data`` that is not ``known``, proposing the closest known one."""
    for key in data:
        if isinstance(key, str) and key in known:
            continue
        close = difflib.get_close_matches(str(key)[:100].lower(), [name.lower() for name in known], n=1)
        meant = next((name for name in known if close and name.lower() == close[0]), "")
        name = key if isinstance(key, str) and len(key) <= 80 and key.isprintable() else shown(key)
        confidential = _CONFIDENTIAL.search(name) and isinstance(data[key], str)
        findings.refuse(
            f"{path}{separator}{name}" if path else name,
            "***" if confidential else data[key],
            "there is no such key",
            allowed=", ".join(known),
            remedy=f"write {meant}, if that is meant" if meant else "remove it",
        )


class Section:
    """One mapping of the configuration, read key by key.

    Parameters
    ----------
    data
        What was found; absent and empty sections read as ``{}``.
    path
        Where it was found, for messages (``cp_ingress:charts``).
    known
        The keys it may have.
    findings
        Where refusals go; a refused value reads as its default.
    """

    def __init__(self, data: Any, path: str, known: Sequence[str], findings: Findings) -> None:
        self.path = path
        self._findings = findings
        self._data: Mapping[Any, Any] = {}
        if isinstance(data, Mapping):
            self._data = data
            refuse_unknown(data, known, path, ":", findings)
        elif data is not None:
            findings.refuse(
                path,
                data,
                "this is not a mapping",
                allowed=f"a mapping with keys out of {', '.join(known)}",
                remedy="write it as key: value lines",
            )

    def has(self, key: str) -> bool:
        """Whether the key is there with a value."""
        return self._data.get(key) is not None

    def value(self, key: str) -> Any:
        """Return the value as found, ``ABSENT`` when the key is missing or empty."""
        return self._data[key] if self.has(key) else ABSENT

    def raw(self, key: str) -> Any:
        """Return the value as found, None when there is none: for what is read elsewhere."""
        return self._data.get(key)

    def section(self, key: str, known: Sequence[str]) -> Section:
        """Return the mapping under ``key`` as a section of its own."""
        return Section(self._data.get(key), f"{self.path}:{key}", known, self._findings)

    def refuse(self, key: str, why: str, *, allowed: str, remedy: str) -> None:
        """Refuse the value of ``key``."""
        self._findings.refuse(f"{self.path}:{key}", self.value(key), why, allowed=allowed, remedy=remedy)

    def choice(self, key: str, default: str, allowed: Sequence[str]) -> str:
        """Return one of the ``allowed`` words."""
        found = self.value(key)
        if found is ABSENT:
            return default
        if isinstance(found, str) and found in allowed:
            return found
        close = difflib.get_close_matches(str(found)[:100].lower(), allowed, n=1)
        self.refuse(
            key,
            "this is not one of the choices",
            allowed=" or ".join(allowed),
            remedy=f"write {close[0]}, if that is meant" if close else f"leave it out for {default}",
        )
        return default

    def integer(self, key: str, default: int, low: int, high: int, unit: str) -> int:
        """Return a whole number between ``low`` and ``high``, both included."""
        found = self.value(key)
        if found is ABSENT:
            return default
        # YAML's true and false are integers to Python.
        if isinstance(found, int) and not isinstance(found, bool) and low <= found <= high:
            return found
        self.refuse(
            key,
            "this is not such a number",
            allowed=f"a whole number of {unit} from {low} to {high}, without quotes",
            remedy=f"leave it out for {default}",
        )
        return default

    def boolean(self, key: str, default: bool) -> bool:
        """Return YAML's true or false."""
        found = self.value(key)
        if found is ABSENT:
            return default
        if isinstance(found, bool):
            return found
        self.refuse(
            key,
            "this is neither true nor false",
            allowed="true or false, without quotes",
            remedy=f"leave it out for {str(default).lower()}",
        )
        return default

    def text(self, key: str, pattern: str, allowed: str, remedy: str) -> str | None:
        """Return a string that matches ``pattern`` as a whole, None when there is none."""
        found = self.value(key)
        if found is ABSENT:
            return None
        if isinstance(found, str) and len(found) <= 4096 and re.fullmatch(pattern, found):
            return found
        self.refuse(key, "this is not in the right form", allowed=allowed, remedy=remedy)
        return None

    def texts(self, key: str, pattern: str, allowed: str, remedy: str) -> tuple[str, ...]:
        """Return a list of strings that match ``pattern`` as a whole, each once; empty when there is none."""
        found = self.value(key)
        if found is ABSENT:
            return ()
        if (
            isinstance(found, (list, tuple))
            and all(isinstance(item, str) and re.fullmatch(pattern, item) for item in found)
            and len(set(found)) == len(found) > 0
        ):
            return tuple(found)
        self.refuse(key, "this is not such a list", allowed=allowed, remedy=remedy)
        return ()

    def absolute_path(self, key: str) -> str | None:
        """Return an absolute path, None when there is none."""
        return self.text(
            key,
            r"/[^\x00-\x1f\x7f]*",
            allowed="an absolute path (text that begins with /)",
            remedy="write the whole path, from /",
        )

    def mapping(self, key: str) -> dict[str, Any]:
        """Return a mapping with text keys as found, empty when there is none."""
        found = self.value(key)
        if found is ABSENT:
            return {}
        if isinstance(found, Mapping) and all(isinstance(name, str) for name in found):
            return dict(found)
        self.refuse(
            key,
            "this is not a mapping of names",
            allowed="a mapping whose keys are text",
            remedy="write it as key: value lines, quoting keys that look like numbers",
        )
        return {}

    def useless(self, keys: Sequence[str], why: str, remedy: str) -> None:
        """Refuse those of ``keys`` that are set, because they would do nothing."""
        for key in keys:
            if self.has(key):
                self.refuse(key, why, allowed="nothing here", remedy=remedy)
