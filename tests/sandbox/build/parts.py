"""The table of everything that the sandbox runs."""

from __future__ import annotations

from tests.sandbox.build.builder import Builder, Part
from tests.sandbox.build.charts import ChartPart
from tests.sandbox.build.golang import GoPart
from tests.sandbox.build.images import ImagePart, dex, kube_proxy, program
from tests.sandbox.build.ingress_nginx import ingress_nginx

KUBERNETES = "v1.36.3"
ETCD = "v3.6.13"
METALLB = "v0.16.2"
INGRESS_NGINX = "v1.11.0"

_major, _minor, _ = KUBERNETES.removeprefix("v").split(".")
_KUBERNETES_LDFLAGS = " ".join(
    f"-X {package}.git{name}={value}"
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    for name, value in {
        "Version": KUBERNETES,
        "Major": _major,
        "Minor": _minor,
        "TreeState": "clean",
    }.items()
)


def _kubernetes(name: str, *programs: str) -> GoPart:
    packages = {program: f"k8s.io/kubernetes/cmd/{program}" for program in programs}
    return GoPart(name, KUBERNETES, "kubernetes", packages, ldflags=_KUBERNETES_LDFLAGS)


def _packages(prefix: str, *programs: str) -> dict[str, str]:
    return {program: f"{prefix}/{program}" for program in programs}


GO_PARTS: tuple[GoPart, ...] = (
    # What the light tier needs comes first and alone.
    GoPart("etcd", ETCD, "etcd", {"etcd": "go.etcd.io/etcd/server/v3"}),
    _kubernetes("kube-light", "kube-apiserver", "kubectl"),
    GoPart("helm", "v4.3.1", "helm", {"helm": "helm.sh/helm/v4/cmd/helm"}),
    _kubernetes("kube-node", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubeadm"),
    GoPart(
        "containerd",
        "v2.4.2",
        "containerd",
        _packages("github.com/containerd/containerd/v2/cmd", "containerd", "containerd-shim-runc-v2", "ctr"),
        tags="no_btrfs no_devmapper no_zfs",
    ),
    GoPart("metallb", METALLB, "metallb", _packages("go.universe.tf/metallb", "controller", "speaker")),
    GoPart(
        "ingress-nginx",
        INGRESS_NGINX,
        "ingress-nginx",
        {
            "nginx-ingress-controller": "k8s.io/ingress-nginx/cmd/nginx",
            "dbg": "k8s.io/ingress-nginx/cmd/dbg",
            "wait-shutdown": "k8s.io/ingress-nginx/cmd/waitshutdown",
        },
        ldflags=f"-X k8s.io/ingress-nginx/version.RELEASE={INGRESS_NGINX}",
    ),
    GoPart("dex", "v2.13.0", "dex", {"dex": "./cmd/dex"}),
    GoPart("console", "1", "console", {"console": "."}),
    GoPart("small", "1", "small", {"pause": "./pause", "web": "./web"}),
)
IMAGES: tuple[ImagePart, ...] = (
    *(
        program(f"registry.k8s.io/{name}:{KUBERNETES}", part, f"/usr/local/bin/{name}", entry=False)
        for name, part in {
            "kube-apiserver": "kube-light",
            "kube-controller-manager": "kube-node",
            "kube-scheduler": "kube-node",
        }.items()
    ),
    kube_proxy(f"registry.k8s.io/kube-proxy:{KUBERNETES}"),
    # The tags are those that this kubeadm asks for.
    program("registry.k8s.io/etcd:3.6.8-0", "etcd", "/usr/local/bin/etcd", entry=False),
    program("registry.k8s.io/pause:3.10.2", "small", "/pause"),
    program(f"quay.io/metallb/controller:{METALLB}", "metallb", "/controller"),
    program(f"quay.io/metallb/speaker:{METALLB}", "metallb", "/speaker"),
    ingress_nginx(f"registry.k8s.io/ingress-nginx/controller:{INGRESS_NGINX}"),
    dex("sandbox/dex:1"),
    program("sandbox/web:1", "small", "/web"),
)
EXTRA_IMAGES: tuple[ImagePart, ...] = (program("sandbox/console:1", "console", "/console"),)
"""Images that only some tests need: nodes get them when those ask for them."""
CHARTS: tuple[ChartPart, ...] = (
    ChartPart("metallb", METALLB.removeprefix("v"), "metallb", "go.universe.tf/metallb"),
    ChartPart("ingress-nginx", "4.11.0", "ingress-nginx", "k8s.io/ingress-nginx"),
)
PARTS: tuple[Part, ...] = (*GO_PARTS, *IMAGES, *EXTRA_IMAGES, *CHARTS)


def builder() -> Builder:
    """Return a builder of all parts in the default store."""
    return Builder(PARTS)
