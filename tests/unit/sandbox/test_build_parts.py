"""The table of parts, and what is particular to single ones."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.sandbox.build import binary, debian
from tests.sandbox.build.errors import BuildError
from tests.sandbox.build.golang import GOMOD
from tests.sandbox.build.ingress_nginx.image import packages
from tests.sandbox.build.ingress_nginx.template import LOAD_MODULES, fit_debian
from tests.sandbox.build.parts import GO_PARTS, IMAGES, PARTS

TEMPLATE = """\
pid {{ .PID }};
http {
            http2 on;
        {{ buildHTTPSListener $all $server.Hostname }}
    # default server, used for NGINX healthcheck and access to nginx stats
    server {
    }
}
stream {
    log_format x;
    server {
    }
}
# end
"""


def test_names_are_unique_and_needs_are_parts() -> None:
    names = [part.name for part in PARTS]
    assert len(set(names)) == len(names)
    assert {need for part in PARTS for need in part.needs} <= set(names)


def test_programs_and_image_names_are_unique() -> None:
    programs = Counter(program for part in GO_PARTS for program in part.programs)
    references = Counter(image.reference for image in IMAGES)
    assert max(programs.values()) == 1
    assert max(references.values()) == 1


@pytest.mark.parametrize("part", GO_PARTS, ids=lambda part: part.name)
def test_every_go_part_has_pinned_modules(part) -> None:
    folder = GOMOD / part.module
    requires = [line for line in (folder / "go.mod").read_text().splitlines() if " v" in line]
    assert not requires or (folder / "go.sum").stat().st_size > 0


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("kube-light", "k8s.io/kubernetes {version}"),
        ("etcd", "go.etcd.io/etcd/server/v3 {version}"),
        ("helm", "helm.sh/helm/v4 {version}"),
        ("containerd", "github.com/containerd/containerd/v2 {version}"),
        ("metallb", "go.universe.tf/metallb {version}"),
        ("dex", "github.com/dexidp/dex {version}+incompatible"),
    ],
)
def test_the_version_of_a_part_is_that_of_its_module(part: str, line: str) -> None:
    found = next(each for each in GO_PARTS if each.name == part)
    assert line.format(version=found.version) in (GOMOD / found.module / "go.mod").read_text()


def test_the_template_is_fitted() -> None:
    fitted = fit_debian(TEMPLATE, "STREAM\n")
    assert fitted.startswith("pid {{ .PID }};\n" + LOAD_MODULES)
    assert "http2 on;" not in fitted
    assert "range $l := split" in fitted
    assert fitted.endswith("}\nSTREAM\n# end\n")
    assert fitted.index("{{ .StreamPort }}") < fitted.index("# default server")


@pytest.mark.parametrize(
    "lost", ["pid {{", "http2 on;", "buildHTTPSListener", "stream {", "# default server"]
)
def test_a_template_without_a_line_to_change_is_refused(lost: str) -> None:
    with pytest.raises(BuildError, match="is there 0 times, once is expected"):
        fit_debian(TEMPLATE.replace(lost, "else"), "")


def test_a_template_with_a_line_twice_is_refused() -> None:
    with pytest.raises(BuildError, match="is there 2 times"):
        fit_debian(TEMPLATE.replace("            http2 on;\n", "            http2 on;\n" * 2), "")


def test_packages_are_listed_once() -> None:
    assert max(Counter(packages()).values()) == 1


def test_packages_that_no_machine_has_are_absent() -> None:
    assert debian.absent(["base-files", "cp-ingress-no-such-package"]) == ["cp-ingress-no-such-package"]


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(BuildError, match=r"no part has a program 'docker'; the programs are: .*kubectl"):
        binary("docker")
    with pytest.raises(BuildError, match=r"no Debian packages are listed for \['nothing'\]; there are: node"):
        debian.install("nothing")
