"""What the sandbox remembers between commands: one JSON file, replaced whole."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.sandbox.errors import SandboxError

ANCHOR = Path("/run/cp-ingress-sandbox")
"""Fixed place of the lock, the state and the namespaces' files: there is one sandbox per machine."""

DEFAULT_DIR = Path("/var/tmp/cp-ingress-sandbox")  # noqa: S108 - root's own, refused if not
DIR_VARIABLE = "CP_INGRESS_SANDBOX_DIR"
HIDDEN = ("/etc", "/run", "/var/lib", "/var/log", "/proc", "/sys", "/dev")
"""Places that look different from inside a node; the data directory can't be there."""


@dataclass
class State:
    """One sandbox: where it is, how it was made and how far it got."""

    directory: str
    nodes: int
    proxy: str
    owner: str
    phase: str = "starting"
    salt: bool = False
    powered_off: list[str] = field(default_factory=list)
    cgroups: list[str] = field(default_factory=list)
    sysctls: dict[str, str] = field(default_factory=dict)

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


def data_directory(chosen: str | None, environment: dict[str, str] | None = None) -> Path:
    """Where the nodes' disks are kept: the parameter, else the environment's, else the default.

    Raises SandboxError for a relative path or one that a node does not see as the host does.
    """
    variables = os.environ if environment is None else environment
    path = Path(chosen or variables.get(DIR_VARIABLE) or DEFAULT_DIR)
    if not path.is_absolute() or path == Path("/"):
        raise SandboxError(
            f"data directory {path}: must be an absolute path; change --dir or ${DIR_VARIABLE}"
        )
    for hidden in HIDDEN:
        if path.is_relative_to(hidden):
            raise SandboxError(
                f"data directory {path}: must not be under {hidden}, which every node has for itself; "
                f"change --dir or ${DIR_VARIABLE} (default {DEFAULT_DIR})"
            )
    return path
