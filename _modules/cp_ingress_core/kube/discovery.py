"""Which kinds the server knows, and under which paths: aggregated discovery, two requests for everything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cp_ingress_core.errors import DiscoveryError
from cp_ingress_core.kube.client import Client
from cp_ingress_core.kube.identity import split_api_version

_ACCEPT = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    for version in ("v2", "v2beta1")
)


@dataclass(frozen=True)
class Resource:
    """One kind in one version, as the server serves it."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str] = frozenset()

    @property
    def api_version(self) -> str:
        """``apps/v1``, or ``v1`` in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def collection(self, namespace: str = "") -> str:
        """Return the path of all objects, of those in `namespace` where one is given."""
        base = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        inside = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        return f"{base}{inside}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """Return the path of one object; `namespace` is ignored for cluster-scoped kinds."""
        return f"{self.collection(namespace)}/{quote(name, safe=':')}"


class Discovery:
    """The server's kinds, read on first use and once more when a kind is missing."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._resources: dict[tuple[str, str], Resource] = {}
        self._preferred: dict[tuple[str, str], Resource] = {}
        self._stale: frozenset[str] = frozenset()
        self._loaded = False

    def refresh(self) -> None:
        """Read everything anew: two requests."""
        documents = self._client.parallel(
            lambda path: self._client.request("GET", path, accept=_ACCEPT), ("/api", "/apis")
        )
        resources: dict[tuple[str, str], Resource] = {}
        preferred: dict[tuple[str, str], Resource] = {}
        stale: set[str] = set()
        for document in documents:
            if document.get("kind") != "APIGroupDiscoveryList":
                raise DiscoveryError(
                    "the API server has no aggregated discovery: Kubernetes 1.27 or later is needed"
                )
            stale.update(_stale_groups(document))
            for resource in _resources(document):
                resources[resource.api_version, resource.kind] = resource
                preferred.setdefault((resource.group, resource.kind), resource)
        self._resources, self._preferred = resources, preferred
        self._stale, self._loaded = frozenset(stale), True

    def forget(self) -> None:
        """Read anew on next use: definitions were deleted."""
        self._loaded = False

    def find(self, api_version: str, kind: str) -> Resource | None:
        """Return the resource of a kind, or None when the server does not serve it, having asked a second
        time.

        Raises DiscoveryError when that group's server is down, so that nobody knows.
        """
        return self._lookup(
            lambda: self._resources.get((api_version, kind)), split_api_version(api_version)[0]
        )

    def find_kind(self, group: str, kind: str) -> Resource | None:
        """Return a kind in the version the server prefers; None and DiscoveryError as for :meth:`find`."""
        return self._lookup(lambda: self._preferred.get((group, kind)), group)

    def resource(self, api_version: str, kind: str) -> Resource:
        """Return the resource of a kind; raises DiscoveryError when the server does not serve it."""
        found = self.find(api_version, kind)
        if found is None:
            raise DiscoveryError(
                f"the API server does not serve {api_version}/{kind}: check the spelling and the version,"
                " or apply its CustomResourceDefinition first",
                obj=f"{api_version}/{kind}",
            )
        return found

    def known(self, api_version: str, kind: str) -> bool:
        """Tell whether the kind was served when discovery was last read; sends nothing once it was read."""
        if not self._loaded:
            self.refresh()
        return (api_version, kind) in self._resources

    def listable(self) -> list[Resource]:
        """Return every kind that can be listed, each once, in its preferred version."""
        if not self._loaded:
            self.refresh()
        return [resource for resource in self._preferred.values() if "list" in resource.verbs]

    def kind_of_plural(self, group: str, plural: str) -> str | None:
        """Return the kind that ``plural.group`` stands for, or None."""
        kinds = (r.kind for r in self.all_kinds() if r.group == group and r.plural == plural)
        return next(kinds, None)

    def all_kinds(self) -> Iterable[Resource]:
        """Return every kind in its preferred version."""
        if not self._loaded:
            self.refresh()
        return self._preferred.values()

    def api_versions(self) -> list[str]:
        """Return every ``group/version`` and ``group/version/Kind``, sorted: what helm calls API versions."""
        if not self._loaded:
            self.refresh()
        found = {api_version for api_version, _ in self._resources}
        return sorted(found | {f"{api_version}/{kind}" for api_version, kind in self._resources})

    def _lookup(self, look: Any, group: str) -> Resource | None:
        fresh = False
        if not self._loaded:
            self.refresh()
            fresh = True
        found: Resource | None = look()
        if found is None and not fresh:
            self.refresh()
            found = look()
        if found is None and group in self._stale:
            raise DiscoveryError(
                f"the aggregated API {group} does not answer, so its kinds are unknown:"
                f" see 'kubectl get apiservices' and bring its server back",
                obj=group,
            )
        return found


def _stale_groups(document: Mapping[str, Any]) -> Iterator[str]:
    for group in document.get("items") or []:
        if any(version.get("freshness") == "Stale" for version in group.get("versions") or []):
            yield (group.get("metadata") or {}).get("name", "")


def _resources(document: Mapping[str, Any]) -> Iterator[Resource]:
    """Yield the resources of a discovery document; versions come in the server's order of preference."""
    for group in document.get("items") or []:
        name = (group.get("metadata") or {}).get("name", "")
        for version in group.get("versions") or []:
            for item in version.get("resources") or []:
                response = item.get("responseKind") or {}
                if not response.get("kind"):
                    continue
                yield Resource(
                    # A kind may be served under another group's path; the path is what requests need.
                    group=name,
                    version=version["version"],
                    kind=response["kind"],
                    plural=item["resource"],
                    namespaced=item.get("scope") == "Namespaced",
                    verbs=frozenset(item.get("verbs") or []),
                )
