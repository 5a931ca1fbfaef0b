"""What the sandbox remembers between commands: one JSON file, replaced whole."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.sandbox.errors import SandboxError
from tests.sandbox.options import Options

ANCHOR = Path("/run/cp-ingress-sandbox")
"""Fixed place of the lock, the state and the namespaces' files: there is one sandbox per machine."""


@dataclass
class State:
    """One sandbox: where it is, how it was made and how far it got."""

    directory: str
    nodes: int
    proxy: str
    owner: str
    external_ips: str = "allowed"
    phase: str = "starting"
    salt: bool = False
    powered_off: list[str] = field(default_factory=list)
    cgroups: list[str] = field(default_factory=list)
    sysctls: dict[str, str] = field(default_factory=dict)

    @property
    def options(self) -> Options:
        """The cluster's options."""
        return Options(self.proxy, self.external_ips)

    @classmethod
    def load(cls, anchor: Path = ANCHOR) -> State | None:
        """The recorded state, or None where there is no sandbox.

        Raises SandboxError when the file is not what `save` wrote.
        """
        path = anchor / "state.json"
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise SandboxError(
                f"{path}: not a state file of this version ({error}); run `python -m tests.sandbox down`"
            ) from error

    def save(self, anchor: Path = ANCHOR) -> None:
        """Write the state so that a reader sees the old or the new one, never a part."""
        anchor.mkdir(mode=0o755, parents=True, exist_ok=True)
        temporary = anchor / f".state.{os.getpid()}"
        temporary.write_text(json.dumps(asdict(self), indent=1) + "\n")
        temporary.replace(anchor / "state.json")
