"""kubeadm itself makes, from the configuration that we keep in step, the manifest that we wrote."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cp_ingress_core.apiserver import manifest as manifests
from cp_ingress_core.apiserver import plan, wanted
from cp_ingress_core.apiserver.options import Options
from cp_ingress_core.apiserver.present import Present
from tests.sandbox.build import binary
from tests.unit.pki import make_ca

OPTIONS = Options()
FILE = f"{OPTIONS.config_dir}/authentication.yaml"
ISSUER = "https://a.test/oidc"
CA = make_ca().certificate_pem


def cluster(version: str, arguments: dict[str, str]) -> str:
    """A ClusterConfiguration with some flags and a volume of the user's."""
    flags: Any = arguments
    if version != "v1beta3":
        flags = [{"name": name, "value": value} for name, value in arguments.items()]
    volume = {"name": "audit", "hostPath": "/var/log/audit", "mountPath": "/var/log/audit"}
    document = {
        "apiVersion": f"kubeadm.k8s.io/{version}",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": "v1.36.3",
        "apiServer": {"extraArgs": flags, "extraVolumes": [volume]},
    }
    return yaml.safe_dump(document, sort_keys=False)


def made_by_kubeadm(configuration: str, folder: Path) -> manifests.Manifest:
    """The apiserver's manifest as kubeadm makes it."""
    init = {
        "apiVersion": yaml.safe_load(configuration)["apiVersion"],
        "kind": "InitConfiguration",
        "localAPIEndpoint": {"advertiseAddress": "10.200.0.11"},
        "nodeRegistration": {"name": "n1", "criSocket": "unix:///run/containerd/containerd.sock"},
    }
    config = folder / "kubeadm.yaml"
    config.write_text(f"{yaml.safe_dump(init)}---\n{configuration}")
    subprocess.run(
        [
            str(binary("kubeadm")),
            *("init", "phase", "control-plane", "apiserver", "--dry-run", f"--config={config}"),
        ],
        check=True,
        capture_output=True,
        env=os.environ | {"KUBEADM_INIT_DRYRUN_DIR": str(folder)},
        timeout=60,
    )
    text = (folder / "kube-apiserver.yaml").read_text()
    return manifests.parse(text, OPTIONS.manifest, OPTIONS.container)


def ordered(manifest: manifests.Manifest) -> dict[str, Any]:
    """The pod with flags and volumes sorted: kubeadm has an order of its own."""
    pod = yaml.safe_load(manifest.render())
    (container,) = pod["spec"]["containers"]
    container["command"][1:] = sorted(container["command"][1:])
    container["volumeMounts"].sort(key=lambda mount: mount["name"])
    pod["spec"]["volumes"].sort(key=lambda volume: volume["name"])
    return dict(pod)


BEFORE = {
    "nothing": {},
    "flags of the user's": {
        "oidc-issuer-url": "https://old.test",
        "oidc-client-id": "console",
        "oidc-username-claim": "name",
        "oidc-required-claim": "hd=example.test",
    },
}


@pytest.mark.parametrize("version", ["v1beta4", "v1beta3"])
@pytest.mark.parametrize("method", ["structured", "flags"])
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_an_upgrade_makes_the_manifest_that_we_wrote(
    tmp_path: Path, version: str, method: str, before: dict[str, str]
) -> None:
    configuration = cluster(version, {"v": "2", **before})
    manifest = made_by_kubeadm(configuration, tmp_path)
    options = Options(method=method)
    asked = wanted.parse([ISSUER], client_id="console", ca_pem=CA)
    made = plan.make(Present(manifest, manifest.render(), FILE, None), asked, options, (1, 36))
    assert made.manifest is not None and made.restarts
    upgraded = made_by_kubeadm(made.kubeadm(configuration), tmp_path)
    assert ordered(upgraded) == ordered(made.manifest)
    again = plan.make(Present(upgraded, upgraded.render(), FILE, made.config), asked, options, (1, 36))
    assert (again.restarts, again.changes) == (False, {})
