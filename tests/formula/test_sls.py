"""Every SLS file rendered by Salt itself, in both modes, with the user's own certificate, and refused.

Covered: rendering, IDs, requisites that point at something, the order of a run, the guard. Not covered here:
what the states do (tests/apiserver, tests/e2e).
"""

import itertools
import re

import pytest

from tests.formula.salt_caller import PROJECT, masterless

BOOTSTRAP = """
apiVersion: cp-ingress/v1
kind: BootstrapConfiguration
networks:
  controlPlane:
    cidr: 10.200.0.0/24
    metalLB: {{enabled: {metallb}}}
    ingress: {{ip: {ip}}}
"""

CASES = {
    "metallb": (BOOTSTRAP.format(metallb="true", ip="10.200.0.50"), {}),
    "external": (BOOTSTRAP.format(metallb="false", ip="10.200.0.11"), {}),
    "own certificate": (
        BOOTSTRAP.format(metallb="true", ip="10.200.0.50"),
        {"certificate": {"kind": "secret", "secret": "mine"}, "metallb": {"failover": "default"}},
    ),
    "components": (
        BOOTSTRAP.format(metallb="true", ip="10.200.0.50"),
        {"components": {"a": {"preset": "grafana"}, "b": {"preset": "dex"}, "c": {"preset": "metalk8s-ui"}}},
    ),
    "apiservers": (
        BOOTSTRAP.format(metallb="true", ip="10.200.0.50"),
        {"apiserver": {"client_id": "console"}},
    ),
    "external, own certificate": (
        BOOTSTRAP.format(metallb="false", ip="10.200.0.11"),
        {"certificate": {"kind": "secret", "secret": "mine"}},
    ),
    "refused": (BOOTSTRAP.format(metallb="true", ip="10.200.0.50/24"), {}),
    "refused tuning": (BOOTSTRAP.format(metallb="true", ip="10.200.0.50"), {"hlm": "/usr/bin/helm"}),
}
ACCEPTED = [name for name in CASES if not name.startswith("refused")]
REFUSED = [name for name in CASES if name.startswith("refused")]

SLS = sorted(
    str(path.relative_to(PROJECT / "salt").with_suffix("")).replace("/", ".").removesuffix(".init")
    for path in (PROJECT / "salt" / "cp_ingress").rglob("*.sls")
)

BEFORE = ["preflight-passed", "namespaces-applied", "begin-begun"]
CERTIFICATES = [
    "certs-ca-folder",
    "certs-ca-key",
    "certs-ca-certificate",
    "certs-server-key",
    "certs-server-certificate",
    "certs-secret-applied",
]
METALLB = ["metallb-chart-deployed", "metallb-pool-applied"]
# From the user to MetalLB: the IP is given up before the Service that makes MetalLB announce it.
TO_METALLB = ["nginx-chart-deployed", "endpoint-released", "endpoint-service-applied"]
# From MetalLB to the user: the new Service stands before the old one goes.
TO_EXTERNAL = [
    "nginx-chart-deployed",
    "endpoint-service-applied",
    "endpoint-exposed",
    "endpoint-withdrawn",
    "endpoint-released",
]
APISERVER = ["apiserver-reached", "apiserver-follows"]
VERIFY = ["verify-ingress-configured", "verify-serving", "verify-recorded"]
GATES = ["components-reached", "components-masters-follow"]
COMPONENTS = ["components-b-configured", "components-a-configured", "components-c-configured"]
MOVED = ["move-recorded", "move-ingress-configured"]
MOVE = GATES + MOVED
NARROW = ["narrow-reached", "narrow-masters-follow", "narrow-services-pruned", "narrow-workload-pruned"]
NARROW_FOLLOWED = [NARROW[0], "narrow-apiserver-follows", *NARROW[1:]]
METALLB_NARROWS = ["narrow-pool-applied"]
METALLB_GOES = ["narrow-pool-absent", "narrow-metallb-absent", "narrow-namespaces-pruned"]
NARROW_CERTIFICATE = ["narrow-server-certificate", "narrow-secret-applied"]
END = ["narrow-recorded", "narrow-ingress-configured"]
PARTS = {
    "metallb": {
        "cp_ingress.widen": BEFORE + CERTIFICATES + METALLB + TO_METALLB + VERIFY,
        "cp_ingress.move": MOVE,
        "cp_ingress.narrow": NARROW + METALLB_NARROWS + NARROW_CERTIFICATE + END,
    },
    "external": {
        "cp_ingress.widen": BEFORE + CERTIFICATES + TO_EXTERNAL + VERIFY,
        "cp_ingress.move": MOVE,
        "cp_ingress.narrow": NARROW + METALLB_GOES + NARROW_CERTIFICATE + END,
    },
    "own certificate": {
        "cp_ingress.widen": BEFORE + METALLB + TO_METALLB + VERIFY,
        "cp_ingress.move": MOVE,
        "cp_ingress.narrow": NARROW + METALLB_NARROWS + END,
    },
    "components": {
        "cp_ingress.widen": BEFORE + CERTIFICATES + METALLB + TO_METALLB + VERIFY,
        "cp_ingress.move": GATES + COMPONENTS + MOVED,
        "cp_ingress.narrow": NARROW + METALLB_NARROWS + NARROW_CERTIFICATE + END,
    },
    "apiservers": {
        "cp_ingress.widen": BEFORE + CERTIFICATES + ["certs-published-ca"] + METALLB + TO_METALLB + VERIFY,
        "cp_ingress.apiserver": APISERVER,
        "cp_ingress.move": MOVE,
        "cp_ingress.narrow": NARROW_FOLLOWED + METALLB_NARROWS + NARROW_CERTIFICATE + END,
    },
    "external, own certificate": {
        "cp_ingress.widen": BEFORE + TO_EXTERNAL + VERIFY,
        "cp_ingress.move": MOVE,
        "cp_ingress.narrow": NARROW + METALLB_GOES + END,
    },
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The compiled states of every file, by case, in the order in which they would run."""
    made = {}

    def compile_case(case):
        if case not in made:
            minion = masterless(tmp_path_factory.mktemp("minion"))
            minion.write(*CASES[case])
            results = minion.call(*(["state.show_low_sls", sls] for sls in SLS))
            made[case] = dict(zip(SLS, results, strict=True))
        return made[case]

    return compile_case


def low(compiled_case, sls):
    """Return the states of `sls` in the order in which they would run."""
    found = compiled_case[sls]
    assert all(isinstance(chunk, dict) for chunk in found), found
    return sorted(found, key=lambda chunk: chunk["order"])


@pytest.mark.parametrize("case", ACCEPTED)
@pytest.mark.parametrize("sls", [name for name in SLS if name != "cp_ingress.refused"])
def test_every_file_renders_with_ids_by_formula_path_and_function(compiled, case, sls):
    for chunk in low(compiled(case), sls):
        path = chunk["__sls__"].removeprefix("cp_ingress.").replace(".", "-")
        assert re.fullmatch(rf"cp_ingress-{re.escape(path)}-[a-z-]+", chunk["__id__"]), chunk["__id__"]


@pytest.mark.parametrize("case", ACCEPTED)
@pytest.mark.parametrize("sls", [name for name in SLS if name != "cp_ingress.refused"])
def test_every_file_has_in_itself_what_its_requisites_point_at(compiled, case, sls):
    chunks = low(compiled(case), sls)
    states = {(chunk["state"], chunk["__id__"]) for chunk in chunks}
    for chunk in chunks:
        requisites = ("require", "watch", "onchanges")
        for requisite in itertools.chain.from_iterable(chunk.get(name, []) for name in requisites):
            assert next(iter(requisite.items())) in states, chunk["__id__"]


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_run_goes_in_the_documented_order(compiled, case):
    assert ids_of(compiled(case), "cp_ingress") == list(itertools.chain.from_iterable(PARTS[case].values()))


@pytest.mark.parametrize("case", ACCEPTED)
@pytest.mark.parametrize("sls", PARTS["metallb"])
def test_a_part_of_a_run_on_its_own_is_that_part_of_the_whole(compiled, case, sls):
    """So that a master's orchestration, and whoever finishes a run, can take them one by one."""
    assert ids_of(compiled(case), sls) == PARTS[case][sls]


def ids_of(compiled_case, sls):
    return [chunk["__id__"].removeprefix("cp_ingress-") for chunk in low(compiled_case, sls)]


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_a_run_must_not_go_on_after_ends_it(compiled, case):
    """What stands behind a gate in another file has no requisite on it."""
    ended = {
        chunk["__id__"].removeprefix("cp_ingress-")
        for chunk in low(compiled(case), "cp_ingress")
        if chunk.get("failhard")
    }
    follow = [*APISERVER, "narrow-apiserver-follows"] if case == "apiservers" else []
    assert ended == {"preflight-passed", *follow, *GATES, *NARROW[:2]}


@pytest.mark.parametrize("case", ACCEPTED)
@pytest.mark.parametrize("sls", PARTS["metallb"])
def test_each_step_waits_for_the_one_before_it(compiled, case, sls):
    """A step that fails keeps all later ones of its part from being taken."""
    chunks = low(compiled(case), sls)
    needs = {
        chunk["__id__"]: {
            needed
            for name in ("require", "watch")
            for requisite in chunk.get(name, [])
            for needed in requisite.values()
        }
        for chunk in chunks
    }
    *_, last = needs
    found, grown = {last}, set()
    while found != grown:
        grown, found = found, found.union(*(needs[name] for name in found))
    assert found == needs.keys()


@pytest.mark.parametrize(
    ("case", "extra"), [("metallb", ["metallb-memberlist-config"]), ("own certificate", [])]
)
def test_the_speakers_timings_belong_to_metallbs_set(compiled, case, extra):
    (chart,) = [chunk for chunk in low(compiled(case), "cp_ingress") if "metallb-chart" in chunk["__id__"]]
    assert [item["metadata"]["name"] for item in chart["extra_objects"]] == extra
    assert chart["applyset"] == "cp-ingress-metallb"


@pytest.mark.parametrize("case", ACCEPTED)
def test_components_follow_the_endpoint_one_by_one_the_issuer_first(compiled, case):
    chunks = [
        chunk for chunk in low(compiled(case), "cp_ingress.components") if chunk["state"] == "kube_component"
    ]
    names = ["b", "a", "c"] if case == "components" else []
    assert [chunk["name"] for chunk in chunks] == names
    before = {"cp_ingress_change": "cp_ingress-components-masters-follow"}
    for chunk in chunks:
        assert chunk["require"] == [before]
        before = {"kube_component": chunk["__id__"]}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("sls", SLS)
def test_a_refused_configuration_leaves_one_failing_state_in_every_file(compiled, case, sls):
    (chunk,) = low(compiled(case), sls)
    assert (chunk["state"], chunk["fun"]) == ("test", "fail_without_changes")
    assert chunk["failhard"] is True
    wrong = "networks.controlPlane.ingress.ip" if case == "refused" else "hlm"
    assert wrong in chunk["comment"]


def test_a_refused_configuration_stops_the_run_with_the_reason(tmp_path):
    minion = masterless(tmp_path)
    minion.write(*CASES["refused"])
    (ran,) = minion.call(["state.apply", "cp_ingress"])
    (result,) = ran.values()
    assert result["result"] is False
    assert "10.200.0.50/24" in result["comment"]
    assert result["changes"] == {}
