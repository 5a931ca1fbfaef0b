"""Salt without a master, on the work tree's own folders: what the formula tests render and run with."""

import json
import pathlib
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import yaml

PROJECT = pathlib.Path(__file__).resolve().parents[2]


def minion_config(
    root: pathlib.Path,
    bootstrap_file: pathlib.Path,
    pillar_root: pathlib.Path,
    file_root: pathlib.Path = PROJECT / "salt",
) -> dict[str, Any]:
    """Return a masterless minion's configuration that keeps all it writes below `root`."""
    return {
        "id": "bootstrap",
        "file_client": "local",
        "root_dir": str(root),
        "conf_file": str(root / "minion"),
        "file_roots": {"base": [str(file_root)]},
        "pillar_roots": {"base": [str(pillar_root), str(PROJECT / "pillar")]},
        "module_dirs": [str(PROJECT)],
        "cp_ingress_bootstrap_file": str(bootstrap_file),
        "fileserver_list_cache_time": 0,
        "enable_fqdns_grains": False,
        "enable_gpu_grains": False,
        "log_level": "quiet",
        "log_file": str(root / "minion.log"),
    }


@dataclass
class Masterless:
    """A masterless minion: its configuration folder, and calls in this process."""

    root: pathlib.Path
    bootstrap_file: pathlib.Path
    pillar_root: pathlib.Path
    file_root: pathlib.Path = PROJECT / "salt"

    def write(self, bootstrap: str, tuning: dict[str, Any] | None = None) -> None:
        """Write the Bootstrap file and the user's own pillar, `tuning` below ``cp_ingress``."""
        self.bootstrap_file.write_text(bootstrap, encoding="utf-8")
        top = {"base": {"*": ["cp_ingress", "tuning"]}}
        (self.pillar_root / "top.sls").write_text(yaml.safe_dump(top), encoding="utf-8")
        (self.pillar_root / "tuning.sls").write_text(
            yaml.safe_dump({"cp_ingress": tuning} if tuning else {}), encoding="utf-8"
        )

    def call(self, *functions: list[Any]) -> list[Any]:
        """Call execution functions, each ``[name, argument, ...]``, in a Salt process of their own.

        One process for several calls: starting it is what takes long. Several minions in one process would
        share what Salt keeps globally.
        """
        config = minion_config(self.root, self.bootstrap_file, self.pillar_root, self.file_root)
        done = subprocess.run(
            [sys.executable, "-m", "tests.formula.salt_caller"],
            input=json.dumps({"config": config, "functions": functions}),
            capture_output=True,
            text=True,
            cwd=PROJECT,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return list(json.loads(done.stdout.splitlines()[-1]))


def masterless(folder: pathlib.Path) -> Masterless:
    """Lay out a masterless minion below `folder`."""
    for name in ("root", "pillar"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return Masterless(folder / "root", folder / "bootstrap.yaml", folder / "pillar")


def main() -> None:
    """Read configuration and functions from standard input; print the results as one line of JSON."""
    import salt.client
    import salt.config

    asked = json.load(sys.stdin)
    options = salt.config.minion_config(None, cache_minion_id=False)
    options.update(asked["config"])
    for folder in ("cachedir", "pki_dir", "extension_modules"):
        options[folder] = str(pathlib.Path(options["root_dir"], folder))
    caller = salt.client.Caller(mopts=options)
    print(json.dumps([_run(caller, *function) for function in asked["functions"]]))


def _run(caller: Any, name: str, *arguments: Any) -> Any:
    """Call one function; a mapping that holds ``__kwarg__``, as Salt marks them, gives keyword arguments."""
    keywords: dict[str, Any] = {}
    positional = []
    for argument in arguments:
        if isinstance(argument, dict) and "__kwarg__" in argument:
            keywords |= {key: value for key, value in argument.items() if key != "__kwarg__"}
        else:
            positional.append(argument)
    return caller.cmd(name, *positional, **keywords)


if __name__ == "__main__":
    main()
