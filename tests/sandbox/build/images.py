"""Parts that are container images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.sandbox.build import archive, debian
from tests.sandbox.build.cache import Store
from tests.sandbox.build.golang import Go
from tests.sandbox.build.layer import Layer

Fill = Callable[[Layer, Store, Mapping[str, Path]], None]
WRITERS = tuple(Path(__file__).with_name(f"{name}.py") for name in ("archive", "debian", "layer"))

KUBE_PROXY_PACKAGES = (
    "base-files",
    "dash",
    "libc6",
    "iptables",
    "nftables",
    "libbsd0",
    "libedit2",
    "libgmp10",
    "libip4tc2",
    "libip6tc2",
    "libjansson4",
    "libmd0",
    "libmnl0",
    "libnetfilter-conntrack3",
    "libnfnetlink0",
    "libnftables1",
    "libnftnl11",
    "libtinfo6",
    "libxtables12",
)
# Debian's nft 1.0.6 misreads tables that an earlier kube-proxy left, and the Service map stays empty.
KUBE_PROXY_WRAPPER = """\
#!/bin/sh
for family in ip ip6; do nft delete table $family kube-proxy 2>/dev/null; done
exec /usr/local/bin/kube-proxy.real "$@"
"""


@dataclass(frozen=True)
class ImagePart:
    """An image archive, ``<folder>/<file>.tar``.

    `reference` is the name it is imported under, `fill` puts the files into its layer, `config` are fields of
    the image's configuration, `sources` the files besides this module that decide what is in it.
    """

    file: str
    reference: str
    needs: tuple[str, ...]
    fill: Fill
    config: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """The part's name."""
        return f"image-{self.file}"

    @property
    def version(self) -> str:
        """The image's tag."""
        return self.reference.rpartition(":")[2]

    def inputs(self) -> Iterator[bytes]:
        """Yield everything that decides the image, except for the programs in it."""
        yield repr((self.reference, sorted(self.config.items()))).encode()
        for path in (Path(__file__), *WRITERS, *self.sources):
            yield path.name.encode()
            yield path.read_bytes()

    def make(self, into: Path, store: Store, needs: Mapping[str, Path]) -> None:
        """Write the image archive."""
        content = Layer()
        self.fill(content, store, needs)
        archive.write_image(into / f"{self.file}.tar", self.reference, content, **self.config)

    def status(self, store: Store) -> str:
        """Images take seconds: nothing to tell."""
        return ""


def program(reference: str, part: str, place: str, entry: bool = True) -> ImagePart:
    """Return an image that holds one static program of `part` at `place`, as its entry point or not."""
    path = Path(place)

    def fill(content: Layer, store: Store, needs: Mapping[str, Path]) -> None:
        content.file(place, needs[part] / path.name)

    # quay.io/metallb/speaker:v1 -> metallb-speaker, registry.k8s.io/etcd:1 -> etcd
    file = "-".join(reference.rpartition(":")[0].split("/")[1:])
    return ImagePart(file, reference, (part,), fill, {"Entrypoint": [place]} if entry else {})


def kube_proxy(reference: str) -> ImagePart:
    """Return kube-proxy's image, with Debian's iptables and nft."""

    def fill(content: Layer, store: Store, needs: Mapping[str, Path]) -> None:
        debian.add_packages(content, KUBE_PROXY_PACKAGES)
        content.link("usr/bin/sh", "dash")
        # What Debian's maintainer scripts do.
        for family in ("iptables", "ip6tables"):
            for suffix in ("", "-save", "-restore"):
                content.link(f"usr/sbin/{family}{suffix}", "xtables-nft-multi")
        content.text("usr/local/bin/kube-proxy", KUBE_PROXY_WRAPPER, 0o755)
        content.file("usr/local/bin/kube-proxy.real", needs["kube-node"] / "kube-proxy")

    return ImagePart("kube-proxy", reference, ("kube-node",), fill)


def dex(reference: str) -> ImagePart:
    """Return an image with Dex and its web pages."""

    def fill(content: Layer, store: Store, needs: Mapping[str, Path]) -> None:
        content.file("usr/local/bin/dex", needs["dex"] / "dex")
        content.tree("web", Go(store).sources("dex", "github.com/dexidp/dex") / "web")

    return ImagePart("dex", reference, ("dex",), fill, {"Entrypoint": ["/usr/local/bin/dex"]})
