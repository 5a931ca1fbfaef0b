"""A place for components: a namespace with what charts made in it, and controllers that make pods ready."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.apiserver.component.shapes import NEW, Manifest
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.salt_runner import SaltRunner
from tests.lighttier import LightApiserver
from tests.lighttier.controllers import Controllers


@pytest.fixture
def controllers(apiserver: LightApiserver) -> Iterator[None]:
    """What makes workloads ready."""
    with Controllers(apiserver) as running:
        yield
    assert running.problems == []


@dataclasses.dataclass
class Place:
    """The test's namespace, and the states as Salt runs them."""

    kit: Kit
    salt: SaltRunner

    @property
    def namespace(self) -> str:
        return self.kit.namespace

    def install(self, *manifests: Manifest) -> None:
        """Make objects as Helm does, by an update."""
        for manifest in manifests:
            self.kit.kubectl("create", "--field-manager=helm", "-f", "-", stdin=manifest)

    def configured(
        self, entry: Manifest, *, test: bool = False, endpoint: str = NEW, **more: Any
    ) -> Manifest:
        """Run the state; nothing answers here, so nothing is verified unless the entry says how."""
        self.kit.mark = self.kit.server.mark()
        component = {"namespace": self.namespace, "verify": {}, **entry}
        given = {"component": component, "endpoint": endpoint, "timeout": 60, **more}
        return self.salt.state("kube_component.configured", test=test, **given)

    def released(self, entry: Manifest, *, test: bool = False) -> Manifest:
        """Run the state that lets go."""
        self.kit.mark = self.kit.server.mark()
        component = {"namespace": self.namespace, **entry}
        given = {"component": component, "endpoint": NEW, "timeout": 60}
        return self.salt.state("kube_component.released", test=test, **given)

    def text(self, kind: str, name: str, key: str) -> str:
        """The text under a key of a ConfigMap or Secret."""
        live = self.kit.core("secrets" if kind == "Secret" else "configmaps", name)
        assert live is not None
        value = str(live["data"][key])
        return base64.b64decode(value).decode() if kind == "Secret" else value

    def deployment(self, name: str) -> Manifest:
        """A Deployment as it is."""
        found = self.kit.get(f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{name}")
        assert found is not None
        return found

    def variables(self, name: str) -> dict[str, str | None]:
        """The variables of a Deployment's first container."""
        container = self.deployment(name)["spec"]["template"]["spec"]["containers"][0]
        return {entry["name"]: entry.get("value") for entry in container.get("env", [])}

    def pods(self, name: str) -> str:
        """What pods of a Deployment are started with; with a change of it they are replaced."""
        return json.dumps(self.deployment(name)["spec"]["template"], sort_keys=True)


@pytest.fixture
def place(kit: Kit, salt: SaltRunner, controllers: None) -> Iterator[Place]:
    """A namespace for one test; its workloads go with it, or the controllers would look at them all."""
    yield Place(kit, salt)
    kit.kubectl("delete", "deployments,statefulsets", "--all", "--wait=false")
