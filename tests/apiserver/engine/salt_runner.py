"""Salt as users run it, in this process: the loader finds faces and states in the work tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import salt.client
import salt.config

ROOT = Path(__file__).resolve().parents[3]


class SaltRunner:
    """Calls execution functions and states, always against the same cluster."""

    def __init__(self, folder: Path, kubeconfig: Path) -> None:
        opts = salt.config.minion_config(None)
        opts.update(
            id="test",
            root_dir=str(folder),
            cachedir=str(folder / "cache"),
            pki_dir=str(folder / "pki"),
            sock_dir=str(folder / "sock"),
            log_file=str(folder / "log"),
            conf_file=str(folder / "minion"),
            file_client="local",
            file_roots={"base": [str(folder / "states")]},
            pillar_roots={"base": [str(folder / "pillar")]},
            module_dirs=[str(ROOT)],
            fileserver_list_cache_time=0,
            enable_fqdns_grains=False,
            enable_gpu_grains=False,
        )
        pillar = folder / "pillar"
        pillar.mkdir(parents=True)
        (folder / "states").mkdir()
        (pillar / "top.sls").write_text("base: {'*': [cluster]}\n")
        (pillar / "cluster.sls").write_text(f"cp_ingress: {{kubeconfig: {kubeconfig}}}\n")
        self._caller = salt.client.Caller(mopts=opts)

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """Call an execution function; its exceptions come through."""
        return self._caller.cmd(function, *args, **kwargs)

    def state(self, function: str, *, test: bool = False, **kwargs: Any) -> dict[str, Any]:
        """Run one state and return its result."""
        answer = self._caller.cmd("state.single", function, "it", test=test, **kwargs)
        assert isinstance(answer, dict), answer
        (result,) = answer.values()
        assert isinstance(result, dict)
        return result
