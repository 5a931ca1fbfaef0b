"""The documented permissions are enough for the whole formula, and none of them is there for nothing.

A user bound to docs/rbac.yaml alone deploys, changes the IP, switches the mode, asks for status and removes
everything; the audit log tells what was used and that nothing was refused. What answers HTTPS is a server of
the test's own.
"""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.apiserver.transitions.world import Ingress
from tests.formula.goldens.cases import CASES
from tests.formula.salt_caller import Masterless, masterless
from tests.lighttier import AuditEvent, LightApiserver
from tests.lighttier.controllers import Controllers
from tests.permissions import DOCUMENT, GRANTED, USED, USER, documented, permissions, used
from tests.sandbox.build import binary, charts

BOOTSTRAP = """\
apiVersion: cp-ingress/v1
kind: BootstrapConfiguration
networks:
  controlPlane: {{cidr: 10.200.0.0/24, metalLB: {{enabled: {metallb}}}, ingress: {{ip: {ip}}}}}
"""
# What is wanted, one after the other: MetalLB, another IP, the user's own IP in one way and the other.
WISHES: list[tuple[str, str, dict[str, Any]]] = [
    ("true", "10.200.0.50", {}),
    ("true", "10.200.0.51", {}),
    ("false", "10.200.0.60", {}),
    ("false", "10.200.0.60", {"external": {"exposure": "status"}}),
]


@dataclass
class Formula:
    """The formula, run by the user with the documented permissions."""

    minion: Masterless
    tuning: dict[str, Any]
    results: list[dict[str, Any]] = field(default_factory=list)
    reports: list[Any] = field(default_factory=list)

    def choose(self, wish: tuple[str, str, dict[str, Any]], **more: Any) -> None:
        """Write the configuration."""
        metallb, ip, tuning = wish
        self.minion.write(BOOTSTRAP.format(metallb=metallb, ip=ip), {**self.tuning, **tuning, **more})

    def apply(self, sls: str, *, test: bool) -> list[dict[str, Any]]:
        """Apply an SLS file."""
        (answer,) = self.minion.call(["state.apply", sls, {"__kwarg__": True, "test": test}])
        assert isinstance(answer, dict), answer
        self.results += answer.values()
        return list(answer.values())

    def ask(self) -> None:
        """Ask for everything that only reads."""
        self.reports += self.minion.call(
            ["cp_ingress.preflight"], ["cp_ingress.status"], ["cp_ingress_change.transition"]
        )


@dataclass(frozen=True)
class Story:
    """What happened: the requests of the user, and what the formula said."""

    events: list[AuditEvent]
    formula: Formula
    unready: list[dict[str, Any]]
    rendered: list[dict[str, Any]]


@pytest.fixture(scope="module")
def server() -> Iterator[LightApiserver]:
    """An apiserver of this module's own: the documented namespaces are in it, and nothing of other tests."""
    server = LightApiserver()
    try:
        server.open()
        labels = {"node-role.kubernetes.io/control-plane": ""}
        for name in ("master-1", "master-2"):
            node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
            assert server.request("POST", "/api/v1/nodes", node)[0] == 201
        server.kubectl("apply", "-f", str(DOCUMENT))
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def formula(server: LightApiserver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Formula]:
    folder = tmp_path_factory.mktemp("rbac")
    pins = {
        name: {
            "source": "directory",
            "directory": str(chart.path.parent),
            "version": chart.version,
            "sha256": chart.sha256,
        }
        for name, chart in charts().items()
    }
    ingress = Ingress(folder / "pki")
    tuning = {
        "kubeconfig": str(server.kubeconfig_for(USER)),
        "helm": str(binary("helm")),
        "charts": pins,
        "certificate": {"pki_dir": str(folder / "pki")},
        "timeouts": {"wait": 30},
        "verify": {"connect_to": ingress.address},
    }
    yield Formula(masterless(folder / "salt"), tuning)
    ingress.close()


@pytest.fixture(scope="module")
def story(server: LightApiserver, formula: Formula, tmp_path_factory: pytest.TempPathFactory) -> Story:
    mark = server.mark()
    formula.choose(WISHES[0], timeouts={"wait": 1})
    # Before anything is there but the document's own Namespaces, which would be taken over from kubectl.
    formula.apply("cp_ingress", test=True)
    # Nothing makes anything ready yet: the waits end, and ask for pods and events.
    unready = formula.apply("cp_ingress.nginx", test=False)
    formula.results.clear()
    with Controllers(server) as controllers:
        for wish in WISHES:
            formula.choose(wish)
            formula.apply("cp_ingress", test=True)
            formula.apply("cp_ingress", test=False)
        formula.ask()
        formula.apply("cp_ingress.clean", test=True)
        # Once more with MetalLB, so that its removal is part of cleaning up too.
        formula.choose(WISHES[0])
        formula.apply("cp_ingress", test=False)
        formula.apply("cp_ingress.clean", test=False)
    assert not controllers.problems
    cache = tmp_path_factory.mktemp("renders")
    rendered = [obj for case in CASES.values() for obj in case.render(cache)]
    events = [event for event in server.since(mark) if event.user == USER]
    return Story(events, formula, unready, rendered)


def test_the_formula_runs_whole(story: Story) -> None:
    failed = [result for result in story.formula.results if result["result"] is False]
    assert [(result["name"], result["comment"]) for result in failed] == []
    assert any(result["result"] is None for result in story.formula.results), "test mode predicted nothing"


def test_a_wait_that_fails_says_so_and_not_that_it_may_not_ask(story: Story) -> None:
    (nginx,) = (result for result in story.unready if result["name"] == "ingress-nginx")
    assert nginx["result"] is False
    assert "not ready after 1 s" in nginx["comment"]
    assert "forbidden" not in str(story.unready)


def test_nothing_is_refused(story: Story) -> None:
    assert [f"{event.verb} {event.uri}" for event in story.events if event.code == 403] == []


def test_every_permission_is_used(story: Story) -> None:
    seen = {need for event in story.events for need in used(event)}
    # A deletion that meets a change reads the object again. No run here met one for every kind.
    seen |= {dataclasses.replace(need, verb="get") for need in seen if need.verb == "delete"}
    unused = [have for have in permissions(documented(), USED) if not any(have.allows(need) for need in seen)]
    assert [str(have) for have in sorted(unused)] == []


def test_reads_of_everything_are_more_than_the_rules_beside_them_allow(story: Story) -> None:
    """`list *` is there for kinds that no other rule names: those behind a wait that fails, and the rest."""
    for namespace in ("cp-ingress", "metallb-system"):
        seen = {need for event in story.events for need in used(event) if need.namespace == namespace}
        lists = {need.resource for need in seen if need.verb == "list"}
        assert {"ingresses", "jobs", "persistentvolumeclaims"} <= lists
        if namespace == "cp-ingress":
            assert {"events", "pods", "replicasets"} <= lists


def test_what_is_handed_on_is_what_the_charts_hand_on(story: Story) -> None:
    """Neither a right less, or the apiserver would refuse the role, nor one more."""
    have = permissions(documented(), GRANTED)
    given = permissions(story.rendered)
    missing = [need for need in given if not any(right.allows(need) for right in have)]
    extra = [right for right in have if not any(need.allows(right) for need in given)]
    assert (missing, extra) == ([], [])


def test_no_way_around_the_limits() -> None:
    """Neither a role that is more than its maker, nor acting as somebody else."""
    verbs = {have.verb for have in permissions(documented(), USED)}
    assert verbs == {"get", "list", "create", "patch", "update", "delete"}


def test_cleaning_up_leaves_what_the_document_made(story: Story, server: LightApiserver) -> None:
    kept = server.kubectl("get", "-f", str(DOCUMENT), "-o", "name").split()
    assert len(kept) == len(documented())
    ours = {"clusterroles,clusterrolebindings,customresourcedefinitions", "ingressclasses"}
    ours |= {"all,configmaps,roles,rolebindings,poddisruptionbudgets,secrets"}
    left = [
        server.kubectl(
            "get", kinds, "--all-namespaces", "-o", "name", "-l", "app.kubernetes.io/managed-by=Salt"
        )
        for kinds in ours
    ]
    # The namespaces hold the document's own Roles, so they stay, and the set that they are members of.
    assert "".join(left).split() == ["secret/cp-ingress-namespaces"]


@pytest.mark.parametrize(
    ("verb", "resource"),
    [
        pytest.param("create", "clusterroles", id="a role of another name"),
        pytest.param("delete", "namespaces", id="a namespace"),
        pytest.param("get", "secrets", id="a Secret of another namespace"),
        pytest.param("create", "pods", id="a pod"),
    ],
)
def test_what_the_formula_does_not_need_is_refused(
    formula: Formula, server: LightApiserver, verb: str, resource: str
) -> None:
    answer = subprocess.run(
        [
            str(binary("kubectl")),
            f"--kubeconfig={formula.tuning['kubeconfig']}",
            *("auth", "can-i", verb, resource, "--namespace=kube-system"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.stdout.strip() == "no"
