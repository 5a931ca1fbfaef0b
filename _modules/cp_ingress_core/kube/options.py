"""What a caller may choose, checked once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from cp_ingress_core.errors import ObjectError
from cp_ingress_core.kube import adoption, takeover

# Recreating these would delete what they hold.
NEVER_RECREATED = frozenset(
    {"CustomResourceDefinition", "Namespace", "PersistentVolume", "PersistentVolumeClaim"}
)


@dataclass(frozen=True)
class Options:
    """How to apply and delete; the names are those of :func:`kube_objects.apply`.

    `gone_before` are ids of sets that the caller deletes first: a dry run leaves them out of account.
    """

    prune: bool = True
    prune_when: Literal["applied", "ready"] = "applied"
    prune_kinds: frozenset[str] = frozenset()
    wait: bool = True
    timeout: float = 300.0
    adopt: adoption.Adopt = "unowned"
    force_conflicts: bool = False
    takeover: frozenset[str] = frozenset()
    recreate: bool | frozenset[str] = False
    verify: Literal["changed", "full"] = "changed"
    test: bool = False
    gone_before: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse values outside the choices, all of them at once."""
        findings = [
            *_one_of("prune_when", self.prune_when, ("applied", "ready")),
            *_one_of("adopt", self.adopt, adoption.POLICIES),
            *_one_of("verify", self.verify, ("changed", "full")),
        ]
        if not isinstance(self.timeout, int | float) or self.timeout < 0:
            findings.append(f"timeout must be a number of seconds, not {self.timeout!r}")
        if findings:
            raise ObjectError("\n".join(findings), reason="InvalidOption", errors=findings)

    def may_recreate(self, kind: str) -> bool:
        """Tell whether an object of that kind may be deleted and made anew when a field cannot change."""
        if kind in NEVER_RECREATED:
            return False
        return self.recreate if isinstance(self.recreate, bool) else kind in self.recreate

    def managers(self, adopting: bool) -> Collection[str]:
        """Return the field managers whose fields become ours."""
        found = takeover.MANAGERS | self.takeover
        return found | takeover.ON_ADOPTION if adopting else found


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> list[str]:
    return [] if value in allowed else [f"{name} must be one of {', '.join(allowed)}, not {value!r}"]
