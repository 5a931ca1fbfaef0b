"""Debian packages: those the sandbox runs on this machine, and those whose files go into images."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.sandbox.build.errors import BuildError
from tests.sandbox.build.layer import Layer
from tests.sandbox.build.progress import step

APT_SECONDS = 900
DOCUMENTATION = tuple(f"usr/share/{name}" for name in ("bug", "doc", "info", "lintian", "locale", "man"))

PACKAGES: dict[str, tuple[str, ...]] = {
    "node": (
        "runc",
        "containernetworking-plugins",
        "iproute2",
        "iptables",
        "nftables",
        "conntrack",
        "ethtool",
        "socat",
        "procps",
        "util-linux",
        "mount",
        "kmod",
    ),
    "client": ("iproute2", "iputils-arping", "iputils-ping", "curl"),
    "vip": ("keepalived",),
    "browser": ("chromium", "chromium-driver", "libnss3-tools"),
}
"""What each use of the sandbox needs to be installed on this machine."""


def install(*uses: str) -> list[str]:
    """Install what is missing of the packages for these uses (keys of `PACKAGES`); return what was installed.

    Needs root when something is missing.
    """
    unknown = [use for use in uses if use not in PACKAGES]
    if unknown:
        raise BuildError(f"no Debian packages are listed for {unknown}; there are: {', '.join(PACKAGES)}")
    missing = absent(dict.fromkeys(package for use in uses for package in PACKAGES[use]))
    if not missing:
        return []
    if os.geteuid() != 0:
        raise BuildError(f"Debian packages are missing: run `apt-get install {' '.join(missing)}` as root")
    with step(f"Debian packages {', '.join(missing)}"):
        _apt_get(["update"])
        _apt_get(["install", "--yes", "--no-install-recommends", *missing])
    return missing


def absent(packages: Iterable[str]) -> list[str]:
    """Return those of `packages` that are not installed on this machine."""
    wanted = list(packages)
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\\n", *wanted]
    listed = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in listed.splitlines() if line.endswith(" installed")}
    return [package for package in wanted if package not in installed]


def add_packages(layer: Layer, packages: Sequence[str]) -> None:
    """Add the files of `packages` to `layer`: no dependencies, no maintainer scripts, no documentation."""
    with tempfile.TemporaryDirectory(prefix="cp-ingress-debs-") as folder:
        # apt's own unprivileged user writes here.
        Path(folder).chmod(0o777)
        try:
            _apt_get(["download", *packages], folder)
        except BuildError:
            # The lists may never have been fetched, or be older than the archive.
            _apt_get(["update"])
            _apt_get(["download", *packages], folder)
        for path in sorted(Path(folder).glob("*.deb")):
            with subprocess.Popen(
                ["dpkg-deb", "--fsys-tarfile", str(path)], stdout=subprocess.PIPE
            ) as unpack:
                assert unpack.stdout is not None
                layer.tar(unpack.stdout, without=DOCUMENTATION)
                unpack.stdout.read()  # the padding at the end
            if unpack.returncode:
                raise BuildError(f"dpkg-deb could not unpack {path.name} (exit status {unpack.returncode})")


def _apt_get(arguments: Sequence[str], folder: str | None = None) -> None:
    done = subprocess.run(
        ["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=300", *arguments],
        cwd=folder,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=APT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise BuildError(f"apt-get {' '.join(arguments)} failed:\n{done.stdout.strip()}")
