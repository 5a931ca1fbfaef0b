"""What goes into the ingress-nginx controller's image."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.sandbox.build import debian
from tests.sandbox.build.cache import Store
from tests.sandbox.build.golang import Go
from tests.sandbox.build.images import ImagePart
from tests.sandbox.build.ingress_nginx.template import fit_debian
from tests.sandbox.build.layer import Layer

HERE = Path(__file__).parent
MODULE = "k8s.io/ingress-nginx"
USER = 101

UNWANTED = (
    *(f"etc/nginx/{name}" for name in ("sites-available", "sites-enabled", "snippets", "conf.d")),
    *(f"etc/nginx/{name}" for name in ("modules-available", "modules-enabled")),
    *(f"etc/{name}" for name in ("init.d", "cron.daily", "logrotate.d", "ufw", "systemd", "default")),
    *(f"usr/{place}/lua/5.{minor}" for place in ("share", "lib/x86_64-linux-gnu") for minor in (2, 3, 4)),
    "usr/share/bash-completion",
    "var/www",
)
LINKS = {
    "usr/bin/sh": "dash",
    "usr/bin/nginx": "/usr/sbin/nginx",
    "usr/local/nginx/sbin/nginx": "/usr/sbin/nginx",
    "etc/nginx/modules": "/usr/lib/nginx/modules",
    # The chart preloads it from here.
    "usr/local/lib/libmimalloc.so": "/usr/lib/x86_64-linux-gnu/libmimalloc.so.2.0",
    "var/log/nginx/access.log": "/dev/stdout",
    "var/log/nginx/error.log": "/dev/stderr",
}
FOLDERS = (
    *("proc", "sys", "dev", "run", "root"),
    *(f"etc/ingress-controller/{name}" for name in ("ssl", "auth", "geoip", "telemetry")),
    *(f"var/lib/nginx/{name}" for name in ("body", "fastcgi", "proxy", "scgi", "uwsgi")),
    "var/log/audit",
    "tmp/nginx",
)
ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n"
    f"www-data:x:{USER}:{USER}:www-data:/etc/nginx:/usr/sbin/nologin\n",
    "etc/group": f"root:x:0:\nwww-data:x:{USER}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
PROGRAMS = ("nginx-ingress-controller", "dbg", "wait-shutdown")
CONFIG = {
    "User": "www-data",
    "WorkingDir": "/etc/nginx",
    "Entrypoint": ["/usr/bin/dumb-init", "--"],
    "Cmd": ["/nginx-ingress-controller"],
    "ExposedPorts": {"80/tcp": {}, "443/tcp": {}},
    "Env": ["PATH=/usr/local/nginx/sbin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
}


def ingress_nginx(reference: str) -> ImagePart:
    """Return the controller's image."""
    data = sorted(path for path in HERE.rglob("*") if path.suffix in (".lua", ".py", ".tmpl", ".txt"))
    return ImagePart("ingress-nginx", reference, ("ingress-nginx",), fill, config=CONFIG, sources=tuple(data))


def fill(layer: Layer, store: Store, needs: Mapping[str, Path]) -> None:
    """Put Debian's files, then upstream's configuration, then the programs into `layer`."""
    debian.add_packages(layer, packages())
    layer.remove(*UNWANTED)
    for path, text in ACCOUNTS.items():
        layer.text(path, text)
    _add_configuration(layer, Go(store).sources("ingress-nginx", MODULE) / "rootfs" / "etc" / "nginx")
    for folder in FOLDERS:
        layer.folder(folder)
    for path, target in LINKS.items():
        layer.remove(path)
        layer.link(path, target)
    for name in PROGRAMS:
        layer.file(name, needs["ingress-nginx"] / name)
    layer.own(USER, "etc/nginx", "etc/ingress-controller", "var/log", "tmp/nginx", "var/lib/nginx", *PROGRAMS)
    # The controller runs as www-data and listens on ports 80 and 443.
    for path in ("nginx-ingress-controller", "usr/sbin/nginx", "usr/bin/dumb-init"):
        layer.allow_low_ports(path)


def packages() -> list[str]:
    """Return the Debian packages whose files the image has."""
    lines = (HERE / "packages.txt").read_text(encoding="utf-8").splitlines()
    return [name for line in lines if not line.startswith("#") for name in line.split()]


def _add_configuration(layer: Layer, source: Path) -> None:
    layer.tree("etc/nginx", source)
    layer.remove("etc/nginx/lua/test")
    layer.remove(
        *(f"etc/nginx/lua/plugins/{plugin.parent.name}/test" for plugin in source.glob("lua/plugins/*/test"))
    )
    template = "etc/nginx/template/nginx.tmpl"
    stream = (HERE / "stream.tmpl").read_text(encoding="utf-8")
    layer.text(template, fit_debian(layer.read(template), stream))
    layer.tree("usr/local/share/lua/5.1/resty", HERE / "lua" / "resty")
