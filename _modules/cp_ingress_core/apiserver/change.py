"""Carrying a plan out: issuers looked at first, files replaced, the apiserver watched, the old files put back
when it does not come to use the new ones.

While a change is under way the earlier content of each file lies in the backup folder as NAME.pending, so
that a run which finds the change of one that was interrupted can still go back.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cp_ingress_core.apiserver import files, live, oidc
from cp_ingress_core.apiserver.metrics import Metrics
from cp_ingress_core.apiserver.options import CA_PREFIX, CONFIG_FILE, Options
from cp_ingress_core.apiserver.plan import Plan
from cp_ingress_core.apiserver.present import Present
from cp_ingress_core.apiserver.server import Server
from cp_ingress_core.errors import ApiserverError, CpIngressError, IssuerError

CONFIG_MODE = 0o644


@dataclass(frozen=True)
class _Edit:
    """A file's content before (None: there was none) and after."""

    path: str
    old: str | None
    new: str
    mode: int = 0o600


@dataclass
class Change:
    """One plan on its way.

    ``report`` is told what is waited for; ``turn`` is held while the apiserver restarts, so that no two do at
    the same time.
    """

    present: Present
    plan: Plan
    server: Server
    version: tuple[int, int]
    options: Options
    report: Callable[[str], None]
    turn: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext

    def run(self) -> dict[str, Any]:
        """Carry it out, and return what was seen of each issuer.

        Raises IssuerError before anything is written when an issuer is not fit, ApiserverError when the
        apiserver did not come to use the files; these then hold again what they held before, and
        ``info["restored"]`` names them.
        """
        config, manifest = self._config_edit(), self._manifest_edit()
        if config or manifest:
            self._look_at_issuers(reloads=manifest is None)
        # A reload is no restart: it needs no turn.
        restarts = manifest is not None or self._manifest_in_flight()
        with self.turn() if restarts else contextlib.nullcontext():
            seen = self._make(config, manifest)
        self._settle()
        return seen

    def _make(self, config: _Edit | None, manifest: _Edit | None) -> dict[str, Any]:
        """Write the files and watch the apiserver; put them back when it does not follow."""
        metrics = self.server.metrics()
        before = live.Before.of(metrics)
        if self.plan.ca_pem:
            files.replace(self.options.ca_file(self.plan.ca_pem), self.plan.ca_pem, CONFIG_MODE)
        for edit in (config, manifest):
            if edit and edit.old is not None:
                files.replace(self.options.backup(edit.path, "pending"), edit.old)
        written = time.time()
        try:
            for edit in (config, manifest):
                if edit:
                    files.replace(edit.path, edit.new, edit.mode)
            known = None if config or manifest else metrics
            return self._verify(before, written if manifest else None, known)
        except CpIngressError as err:
            self._go_back(err, config, manifest)
            raise

    def _look_at_issuers(self, *, reloads: bool) -> None:
        """Refuse to go on with an issuer that an apiserver would wait for in vain.

        A start goes on without an issuer, a reload takes the file only when all of them answer, those of
        others too.
        """
        patience = min(oidc.PATIENCE_SECONDS, self.options.timeout)
        issuers = self.plan.issuers
        self.report(f"looking at the issuers {', '.join(issuer.url for issuer in issuers)}")
        with ThreadPoolExecutor(max_workers=len(issuers)) as pool:
            list(pool.map(lambda issuer: oidc.probe(issuer, self.plan.ca_pem, patience=patience), issuers))
        if self.plan.config is None or not reloads:
            return
        for issuer, ca_pem in self.plan.config.foreign():
            try:
                oidc.probe(issuer, ca_pem, times=1, patience=patience)
            except IssuerError as err:
                raise IssuerError(
                    f"{err}; {issuer.url} is not ours, but the apiserver reads {self.plan.config_path} again"
                    " only when every issuer in it answers: remove its entry, or have it answer",
                    reason=err.info["reason"],
                    issuer=issuer.url,
                ) from None

    def _config_edit(self) -> _Edit | None:
        config, found = self.plan.config, self.present.config
        if config is None or config is found:
            return None
        return _Edit(self.plan.config_path, found.text if found else None, config.text, CONFIG_MODE)

    def _manifest_edit(self) -> _Edit | None:
        if not self.plan.restarts or self.plan.manifest is None:
            return None
        return _Edit(self.plan.manifest.path, self.present.manifest_text, self.plan.manifest.render())

    def _deadline(self) -> live.Deadline:
        return live.Deadline(self.options.timeout, self.report)

    def _verify(self, before: live.Before, restarted: float | None, known: Metrics | None) -> dict[str, Any]:
        """Watch the apiserver use the files, and have it prove each issuer."""
        if restarted is not None:
            live.wait_for_restart(self.server, before, restarted, self._deadline())
        elif self._manifest_in_flight():
            # The process that answers may still be the one of before the interrupted run.
            unknown = replace(before, started=None)
            written = Path(self.options.manifest).stat().st_mtime
            live.wait_for_restart(self.server, unknown, written, self._deadline())
            known = None
        else:
            live.wait_until_ready(self.server, self._deadline())
        metrics = None
        if self.plan.config is not None:
            changed = Path(self.plan.config_path).stat().st_mtime
            text = self.plan.config.text
            metrics = live.wait_for_config(
                self.server, text, self.version, before, changed, self._deadline(), known
            )
        plan, deadline = self.plan, self._deadline()
        seen: dict[str, Any] = dict(
            live.prove(self.server, plan.issuers, plan.claims, self.version, deadline, metrics)
        )
        if self.options.token_file:
            token = files.read(self.options.token_file)
            if not token:
                raise ApiserverError(f"there is no token in {self.options.token_file}", reason="NoToken")
            seen["test token"] = f"accepted as {live.check_token(self.server, token.strip())}"
        return seen

    def _go_back(self, err: CpIngressError, config: _Edit | None, manifest: _Edit | None) -> None:
        """Put the files back as they were, the manifest first, and wait for the apiserver of before."""
        if not self.options.manage_manifest and err.info["reason"] == "NotReadByApiserver":
            # Its one-time flag needs the file to be there.
            return
        edits = [edit for edit in (manifest, config) if edit] or self._interrupted()
        for edit in edits:
            if edit.old is None:
                files.remove(edit.path)
            else:
                files.replace(edit.path, edit.old, edit.mode)
            files.remove(self.options.backup(edit.path, "pending"))
        err.info["restored"] = [edit.path for edit in edits]
        if any(edit.path == self.options.manifest for edit in edits):
            self.report("the manifest of before is back, waiting for its apiserver")
            try:
                live.wait_until_ready(self.server, self._deadline())
            except ApiserverError as late:
                err.info["after_restoring"] = late.info["reason"]

    def _interrupted(self) -> list[_Edit]:
        """Return the edits of an earlier run that was interrupted before it saw them work."""
        found = []
        for path, current in (
            (self.options.manifest, self.present.manifest_text),
            (self.plan.config_path, self.present.config.text if self.present.config else ""),
        ):
            old = files.read(self.options.backup(path, "pending"))
            if old is not None and old != current:
                found.append(_Edit(path, old, current))
        return found

    def _manifest_in_flight(self) -> bool:
        """Whether an earlier run wrote the manifest and was interrupted before it saw its apiserver."""
        return any(edit.path == self.options.manifest for edit in self._interrupted())

    def _settle(self) -> None:
        """Keep what was there before the change as the previous content; earlier CAs go."""
        current = self.options.ca_file(self.plan.ca_pem)
        for found in Path(self.options.config_dir).glob(f"{CA_PREFIX}*.crt"):
            if str(found) != current:
                found.unlink()
        for path in (self.options.manifest, self.plan.config_path):
            pending = Path(self.options.backup(path, "pending"))
            if pending.exists():
                pending.replace(self.options.backup(path, "previous"))


def clean(options: Options, config_path: str) -> list[str]:
    """Remove temporary files that an interrupted run left, and return which files they were for."""
    paths = [*([options.manifest] if options.manage_manifest else []), config_path]
    return [path for path in paths if files.clean(path)]


def restore(options: Options, kind: str) -> list[str]:
    """Put back what the backup folder holds, and return the files that changed.

    kind
        ``pending``: what an interrupted change replaced; ``previous``: what the last change replaced.

    The structured file first, since the manifest's apiserver reads it when it starts.
    """
    restored = []
    for path in (f"{options.config_dir}/{CONFIG_FILE}", options.manifest):
        backup = options.backup(path, kind)
        text = files.read(backup)
        if text is None or (path == options.manifest and not options.manage_manifest):
            continue
        if files.read(path) != text:
            files.replace(path, text)
            restored.append(path)
        if kind == "pending":
            files.remove(backup)
    return restored
