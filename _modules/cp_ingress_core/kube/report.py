"""What a run did, or would do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cp_ingress_core.errors import ApplyError, CpIngressError

ORDER = ("created", "changed", "adopted", "recreated", "deleted", "detached", "restarted")


@dataclass
class Report:
    """Collected while a run goes on; :meth:`as_dict` is what callers get."""

    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    unchanged: int = 0
    kept: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def add(self, name: str, action: str, diff: dict[str, Any] | None = None) -> None:
        """Note what happened to the object `name`; "unchanged" is only counted."""
        if action == "unchanged":
            self.unchanged += 1
            return
        self.changes[name] = {"action": action, **({"diff": diff} if diff else {})}

    def merge(self, other: Mapping[str, Any]) -> None:
        """Take over another report, as :meth:`as_dict` gives it."""
        self.changes |= other["changes"]
        self.unchanged += other["unchanged"]
        self.kept |= other["kept"]
        for text in other["warnings"]:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Note something the user should see, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    @contextmanager
    def in_errors(self) -> Iterator[None]:
        """Give an error that ends the block what had been done by then, in its ``info``."""
        try:
            yield
        except CpIngressError as err:
            err.info.setdefault("changes", dict(sorted(self.changes.items())))
            err.info.setdefault("warnings", list(self.warnings))
            raise

    def comment(self, test: bool) -> str:
        """Return the run in one line: what was done, how much stayed as it was."""
        actions = [change["action"] for change in self.changes.values()]
        done = [f"{actions.count(action)} {action}" for action in ORDER if action in actions]
        parts = [*done, f"{self.unchanged} unchanged"]
        if self.kept:
            parts.append(f"{len(self.kept)} kept")
        prefix = "Would be: " if test and done else ""
        return prefix + ", ".join(parts) + "."

    def as_dict(self, test: bool) -> dict[str, Any]:
        """Return the report as plain data, objects in a fixed order."""
        return {
            "changes": dict(sorted(self.changes.items())),
            "unchanged": self.unchanged,
            "kept": dict(sorted(self.kept.items())),
            "warnings": list(self.warnings),
            "comment": self.comment(test),
        }


def failure(errors: list[CpIngressError], what: str) -> CpIngressError:
    """Return the error for one or several objects that failed."""
    if len(errors) == 1:
        return errors[0]
    lines = [f"{len(errors)} objects {what}:", *(f"  {err}" for err in errors)]
    first = errors[0].info
    return ApplyError(
        "\n".join(lines),
        reason=first["reason"],
        status=first["status"],
        obj=first["object"],
        errors=[str(err) for err in errors],
    )
