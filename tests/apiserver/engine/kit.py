"""What a test of the engine works with: a namespace and a set of its own on the shared apiserver."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cp_ingress_core.kube import engine, remove
from cp_ingress_core.kube.applyset import Parent
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.discovery import Resource
from cp_ingress_core.kube.options import Options
from tests.lighttier import AuditEvent, LightApiserver

AGENT = "salt-cp-ingress/"
# No controller runs: nothing with a status ever becomes ready.
QUICK = Options(wait=False, timeout=10)
ADMIN = "admin"


@dataclasses.dataclass
class Kit:
    """A namespace, a set whose parent lives in it, and ways to look at both."""

    server: LightApiserver
    cluster: Cluster
    namespace: str
    mark: int = 0

    @property
    def parent(self) -> Parent:
        return Parent("set", self.namespace)

    def apply(
        self, objects: Iterable[Any], *, parent: Parent | None = None, **options: Any
    ) -> dict[str, Any]:
        """Apply as members of the set; the audit mark is set first."""
        self.mark = self.server.mark()
        return engine.apply(
            self.cluster, objects, parent or self.parent, dataclasses.replace(QUICK, **options)
        )

    def plain(self, objects: Iterable[Any], **options: Any) -> dict[str, Any]:
        """Apply without a set."""
        self.mark = self.server.mark()
        return engine.apply(self.cluster, objects, None, dataclasses.replace(QUICK, **options))

    def absent(self, objects: Iterable[Any] | None = None, **options: Any) -> dict[str, Any]:
        """Delete objects by name, or the whole set."""
        self.mark = self.server.mark()
        parent = self.parent if objects is None else None
        return remove.remove(self.cluster, objects, parent, dataclasses.replace(QUICK, **options))

    def requests(self) -> list[AuditEvent]:
        """The requests of the last run."""
        return self.server.since(self.mark, AGENT)

    def writes(self) -> list[tuple[str, str]]:
        """Verb and name of each change the last run asked for."""
        return [(event.verb, event.name) for event in self.requests() if event.is_write]

    def verbs(self, resource: str) -> list[str]:
        """What the last run did to a resource, dry runs included."""
        return [event.verb for event in self.requests() if event.resource == resource]

    def get(self, path: str) -> dict[str, Any] | None:
        """GET a path as administrator, None where there is nothing."""
        status, answer = self.server.request("GET", path)
        if status == 404:
            return None
        assert status == 200, answer
        assert isinstance(answer, dict)
        return answer

    def core(self, plural: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        """A core object of the namespace."""
        return self.get(f"/api/v1/namespaces/{namespace or self.namespace}/{plural}/{name}")

    def names(self, plural: str = "configmaps", namespace: str | None = None) -> list[str]:
        """Names of the set's members of a kind."""
        selector = self.parent.selector.replace("/", "%2F").replace("=", "%3D")
        where = namespace or self.namespace
        answer = self.get(f"/api/v1/namespaces/{where}/{plural}?labelSelector={selector}")
        assert answer is not None
        return sorted(item["metadata"]["name"] for item in answer["items"])

    def annotations(self) -> dict[str, str]:
        """The parent's ApplySet annotations without their prefix."""
        live = self.core("secrets", "set")
        assert live is not None
        found: dict[str, str] = live["metadata"]["annotations"]
        return {
            name.partition("/")[2]: value
            for name, value in found.items()
            if name.startswith("applyset.kubernetes.io/")
        }

    def kubectl(self, *arguments: str, stdin: Any = None) -> str:
        """Run the real kubectl as administrator in the namespace."""
        text = None if stdin is None else json.dumps(stdin)
        return self.server.kubectl("--namespace", self.namespace, *arguments, stdin=text)

    def merge_patch(self, path: str, patch: Any, manager: str = "somebody") -> dict[str, Any]:
        """Change an object as another tool would."""
        status, answer = self.server.request(
            "PATCH",
            f"{path}?fieldManager={manager}",
            patch,
            **{"Content-Type": "application/merge-patch+json"},
        )
        assert status == 200, answer
        assert isinstance(answer, dict)
        return answer

    def as_user(self, user: str, rules: Sequence[dict[str, Any]]) -> Kit:
        """The same kit for a user who may do only what `rules` say (in all namespaces)."""
        name = f"{self.namespace}-{user}"
        self.server.kubectl("apply", "-f", "-", stdin=json.dumps(_role(name, rules)))
        kubeconfig: Path = self.server.kubeconfig_for(name)
        return dataclasses.replace(self, cluster=Cluster.connect(str(kubeconfig)))


CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)


def _role(name: str, rules: Sequence[dict[str, Any]]) -> dict[str, Any]:
    rbac = "rbac.authorization.k8s.io"
    meta = {"name": name}
    role = {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": meta, "rules": list(rules)}
    binding = {
        "apiVersion": f"{rbac}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": meta,
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": rbac, "kind": "User", "name": name}],
    }
    return {"apiVersion": "v1", "kind": "List", "items": [role, binding]}


def rule(verbs: str, *resources: str, groups: Sequence[str] = ("",)) -> dict[str, Any]:
    """An RBAC rule: verbs separated by blanks."""
    return {"apiGroups": list(groups), "resources": list(resources), "verbs": verbs.split()}
