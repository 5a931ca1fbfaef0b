"""The stages of applying: parallel inside a stage, definitions established before what they define."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from cp_ingress_core.errors import ApiError, CpIngressError, DiscoveryError
from cp_ingress_core.kube import bindings, operations
from cp_ingress_core.kube.apply import Applier, Item, Outcome
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.identity import ObjectKey
from cp_ingress_core.kube.ledger import Entry
from cp_ingress_core.kube.normalize import defined_scopes
from cp_ingress_core.kube.options import Options
from cp_ingress_core.kube.order import Stage, stages
from cp_ingress_core.kube.parent import SetState
from cp_ingress_core.kube.plan import Plan
from cp_ingress_core.kube.prefetch import prefetch
from cp_ingress_core.kube.progress import Progress
from cp_ingress_core.kube.report import Report, failure
from cp_ingress_core.kube.wait import Target, wait_ready

SERVED_SECONDS = 30.0
ROLE_SECONDS = 10.0
_POLL_SECONDS = 0.2


class Rollout:
    """Applies what a plan says is to be done and keeps what came of it."""

    def __init__(
        self, cluster: Cluster, plan: Plan, state: SetState | None, options: Options, report: Report
    ) -> None:
        self.cluster, self.plan, self.state, self.options, self.report = cluster, plan, state, options, report
        self.set_id = state.parent.id if state else ""
        self.outcomes: dict[ObjectKey, Outcome] = {}
        self.errors: dict[ObjectKey, CpIngressError] = {}
        self._applied: dict[ObjectKey, Entry] = {}
        self._patient = cluster.patient(max(options.timeout, cluster.client.retry_seconds))

    def run(self) -> None:
        """Apply every stage; raises the error, or one error that names all, when any object failed."""
        prefetch(self.cluster, self.plan.todo, self.state)
        self._count_proven()
        todo = [item for item in self.plan.todo if item.key not in self.outcomes]
        for stage, items in stages(todo, lambda item: item.manifest):
            self._stage(stage, items)
            if stage is Stage.FOUNDATION and not self.options.test:
                self._establish(items)
            if any(_unavailable(err) for err in self.errors.values()):
                break
        if self.errors:
            raise failure(list(self.errors.values()), "could not be applied; nothing was pruned")

    def namespace_first(self, name: str) -> None:
        """Apply the Namespace `name` now, if it is among the objects: the set's parent will live in it."""
        found = [item for item in self.plan.todo if item.key == ObjectKey("", "Namespace", "", name)]
        if found:
            self._stage(Stage.FOUNDATION, found)
            for err in self.errors.values():
                raise err

    def results(self) -> list[tuple[Item, Mapping[str, Any]]]:
        """Return every wanted object with what is known of it on the server."""
        found = [(item, item.live) for item in self.plan.proven]
        found += [
            (item, self.outcomes[item.key].live) for item in self.plan.todo if item.key in self.outcomes
        ]
        return [(item, live) for item, live in found if live is not None]

    def uids(self) -> Iterable[str]:
        """Return the UIDs of all wanted objects."""
        return [live["metadata"]["uid"] for _, live in self.results() if "uid" in live["metadata"]]

    def record(self) -> None:
        """Put what the server recorded into the set's ledger, and drop what is not wanted from it."""
        if self.state is not None:
            self.state.ledger.record(self._applied, {item.key: item.manifest for item in self.plan.proven})

    def _count_proven(self) -> None:
        for item in self.plan.proven:
            self.report.add(item.name, "unchanged")

    def _stage(self, stage: Stage, items: list[Item]) -> None:
        # Webhooks of custom resources may take as long to come up as anything else that is waited for.
        patient = stage >= Stage.CUSTOM and not self.options.test
        cluster = self._patient if patient else self.cluster
        applier = Applier(cluster, self.options, self.set_id)

        def attempt(item: Item) -> Outcome | CpIngressError:
            try:
                outcome = self._one(applier, item)
            except CpIngressError as err:
                return err
            self._note(item, outcome)
            return outcome

        counted = Progress().counting(
            attempt, "predicting:" if self.options.test else "applying:", len(items)
        )
        for item, outcome in zip(items, cluster.client.parallel(counted, items), strict=True):
            if isinstance(outcome, CpIngressError):
                self.errors[item.key] = outcome
            else:
                self.outcomes[item.key] = outcome
                self.report.add(item.name, outcome.action, outcome.diff)

    def _note(self, item: Item, outcome: Outcome) -> None:
        """Keep what the ledger will say of an object; here, while other threads wait for the server."""
        if self.state is None or outcome.live is None:
            return
        entry = self.state.ledger.entry(item.manifest, outcome.live)
        if entry is not None:
            self._applied[item.key] = entry

    def _one(self, applier: Applier, item: Item) -> Outcome:
        blocker = self._blocker(item)
        if blocker is not None:
            raise ApiError(f"{item.name}: not tried, since {blocker} failed", reason="Skipped", obj=item.name)
        if self.options.test and (item.resource is None or self._is_new_namespace(item)):
            return Outcome("created", {})
        if item.resource is None:
            item.resource = self.cluster.discovery.resource(item.manifest["apiVersion"], item.key.kind)
        try:
            return self._apply(applier, item)
        except ApiError as err:
            missing = err.info["status"] == 404 and err.info.get("kind") == "namespaces"
            if not (self.options.test and missing):
                raise
        self.report.warn(
            f"the Namespace {item.key.namespace} does not exist yet: its objects are taken for new ones"
        )
        return Outcome("created", {})

    def _apply(self, applier: Applier, item: Item) -> Outcome:
        """Apply one object; a binding again while the API server does not know its new role yet."""
        deadline = time.monotonic() + ROLE_SECONDS
        while True:
            try:
                return applier.apply(item)
            except ApiError as err:
                if err.info["status"] != 404 or not self._binds_new_role(item) or time.monotonic() > deadline:
                    raise
                if self.options.test:
                    return Outcome("created", {})
            time.sleep(_POLL_SECONDS)

    def _binds_new_role(self, item: Item) -> bool:
        role = bindings.role_of(item.key, item.manifest)
        outcome = self.outcomes.get(role) if role else None
        return outcome is not None and outcome.action == "created" and not self._exists(item)

    def _exists(self, item: Item) -> bool:
        resource = self.cluster.discovery.resource(item.manifest["apiVersion"], item.key.kind)
        key = item.key
        return operations.get_object(self.cluster.client, resource, key.namespace, key.name) is not None

    def _is_new_namespace(self, item: Item) -> bool:
        outcome = self.outcomes.get(ObjectKey("", "Namespace", "", item.key.namespace))
        return outcome is not None and outcome.action == "created"

    def _blocker(self, item: Item) -> str | None:
        """Return the Namespace or definition whose failure makes trying `item` pointless."""
        for key in self.errors:
            if key == ObjectKey("", "Namespace", "", item.key.namespace):
                return str(key)
            if key.kind == "CustomResourceDefinition" and (item.key.group, item.key.kind) in self._defines(
                key
            ):
                return str(key)
        return None

    def _defines(self, key: ObjectKey) -> Iterable[tuple[str, str]]:
        return defined_scopes(item.manifest for item in self.plan.items if item.key == key)

    def _establish(self, items: list[Item]) -> None:
        """Wait until new definitions are served, and read discovery anew."""
        definitions = [
            item
            for item in items
            if item.key.kind == "CustomResourceDefinition"
            and item.key in self.outcomes
            and self.outcomes[item.key].action != "unchanged"
        ]
        if not definitions:
            return
        live = [self.outcomes[item.key].live for item in definitions]
        targets = [Target.of(obj) for obj in live if obj is not None]
        try:
            wait_ready(
                targets,
                self.cluster,
                timeout=self.options.timeout,
                fail_fast=True,
                on_progress=Progress().say,
            )
            self._until_served()
        except CpIngressError as err:
            failed = set(err.info.get("pending", ())) or {item.name for item in definitions}
            for item in definitions:
                if item.name in failed:
                    self.errors[item.key] = err

    def _until_served(self) -> None:
        """Read discovery until it names the kinds that are wanted: it follows definitions with a short
        delay.
        """
        waiting = [item for item in self.plan.todo if item.resource is None and not self._blocker(item)]
        deadline = time.monotonic() + min(SERVED_SECONDS, max(self.options.timeout, 1.0))
        self.cluster.discovery.refresh()
        while waiting:
            waiting = [
                item
                for item in waiting
                if not self.cluster.discovery.known(item.manifest["apiVersion"], item.key.kind)
            ]
            if not waiting:
                return
            if time.monotonic() > deadline:
                raise DiscoveryError(f"{waiting[0].name}: its kind is established but not served")
            time.sleep(_POLL_SECONDS)
            self.cluster.discovery.refresh()


def _unavailable(err: CpIngressError) -> bool:
    """Tell whether an error means that the API server is away, so that the next stage would fail alike."""
    return err.info["reason"] == "Unreachable" or err.info["status"] in (429, 502, 503, 504)
