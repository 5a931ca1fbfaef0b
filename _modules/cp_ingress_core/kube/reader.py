"""Reading for people and checks: what may not be read is noted, and what no server serves is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from cp_ingress_core.errors import ApiError
from cp_ingress_core.kube import operations
from cp_ingress_core.kube.cluster import Cluster

Result = TypeVar("Result")


class Reader:
    """Reads objects of a cluster, and keeps in ``unread`` what could not be read.

    tolerant
        Whether a request that fails in any way is only noted. Otherwise only a refused one is (403), and
        everything else is raised.
    """

    def __init__(self, cluster: Cluster, *, tolerant: bool = False) -> None:
        self.cluster = cluster
        self.unread: list[str] = []
        self._tolerant = tolerant

    def list_all(
        self, api_version: str, kind: str, namespace: str = "", *, fields: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Return all objects of a kind, of one namespace where one is given.

        fields
            Only objects whose fields have these values; an older server that cannot select by them gives all.
        """
        return self._noted(lambda: self._list(api_version, kind, namespace, fields), [])

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> dict[str, Any] | None:
        """Return one object, None where there is none."""
        return self._noted(lambda: self._get(api_version, kind, name, namespace), None)

    def version(self) -> str:
        """Return the version of the server that answers, "" when it doesn't."""
        return self._noted(
            lambda: str(self.cluster.client.request("GET", "/version").get("gitVersion", "")), ""
        )

    def each(self, jobs: Iterable[Callable[[], Result]]) -> list[Result]:
        """Call all `jobs` at once, and return their results in order."""
        return self.cluster.client.parallel(lambda job: job(), jobs)

    def _list(
        self, api_version: str, kind: str, namespace: str, fields: Mapping[str, str] | None
    ) -> list[dict[str, Any]]:
        if not self.cluster.discovery.known(api_version, kind):
            return []
        resource = self.cluster.discovery.resource(api_version, kind)
        chosen = ",".join(f"{key}={value}" for key, value in (fields or {}).items())
        try:
            return operations.list_objects(self.cluster.client, resource, namespace, fields=chosen)
        except ApiError as err:
            if not chosen or err.info["status"] != 400:
                raise
            return operations.list_objects(self.cluster.client, resource, namespace)

    def _get(self, api_version: str, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
        if not self.cluster.discovery.known(api_version, kind):
            return None
        resource = self.cluster.discovery.resource(api_version, kind)
        found = operations.get_object(self.cluster.client, resource, namespace, name)
        return found and {**found, "apiVersion": api_version, "kind": kind}

    def _noted(self, read: Callable[[], Result], nothing: Result) -> Result:
        try:
            return read()
        except ApiError as err:
            if not self._tolerant and err.info["status"] != 403:
                raise
            self.unread.append(str(err))
            return nothing
