"""The renders behind the goldens: each shipped option file, with the chart versions that the sandbox runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cp_ingress_core.chart.options import load_values
from cp_ingress_core.chart.pin import read_pin
from cp_ingress_core.chart.render import Release, render
from cp_ingress_core.chart.source import Source, fetch
from tests.sandbox.build import binary, charts

CHARTS = Path(__file__).resolve().parents[3] / "charts"
KUBE_VERSION = "v1.36.3"
API_VERSIONS = (
    "apps/v1",
    "batch/v1",
    "networking.k8s.io/v1",
    "policy/v1",
    "rbac.authorization.k8s.io/v1",
    "v1",
)


@dataclass(frozen=True)
class Case:
    """One option file, and the mode and number of masters it is rendered for."""

    chart: str
    options: str
    namespace: str
    mode: str
    masters: int = 3

    def context(self) -> dict[str, Any]:
        """Return what the option file's template sees."""
        return {
            "mode": self.mode,
            "ip": "10.200.0.50",
            "port": 8443,
            "namespace": "cp-ingress",
            "tls_secret": "cp-ingress/cp-ingress-tls",
            "ingress_class": "nginx-control-plane",
            "masters": self.masters,
            "masters_down": 0,
            "timings": "of-a-test",
            "replicas": min(2, self.masters),
        }

    def values(self, overrides: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the Helm values that the option file gives."""
        return load_values(CHARTS / self.chart, self.options, self.context(), overrides)

    def render(self, cache_dir: Path, overrides: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Render the chart version that the sandbox runs, its digest checked as everywhere."""
        packaged = charts()[self.chart]
        pin = read_pin(CHARTS / self.chart, packaged.version, packaged.sha256)
        source = Source("directory", str(packaged.path.parent))
        archive = fetch(pin, source, cache_dir / "charts")
        release = Release(
            self.chart, self.namespace, pin, archive, self.values(overrides), KUBE_VERSION, API_VERSIONS
        )
        return render(release, cache_dir / "renders", helm=str(binary("helm")))


CASES = {
    "metallb": Case("metallb", "options.yaml.j2", "metallb-system", "metallb"),
    "ingress-nginx-metallb": Case("ingress-nginx", "options-metallb.yaml.j2", "cp-ingress", "metallb"),
    "ingress-nginx-external": Case("ingress-nginx", "options-external.yaml.j2", "cp-ingress", "external"),
}
ONE_MASTER = Case("ingress-nginx", "options-metallb.yaml.j2", "cp-ingress", "metallb", masters=1)
