"""Every SLS file rendered by Salt itself, in both modes, with the user's own certificate, and refused.

Covered: rendering, IDs, requisites that point at something, the order of a run, the guard. Not covered here:
what the states do (tests/apiserver, tests/e2e).
"""

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

BEFORE = ["preflight-passed", "namespaces-applied"]
CERTIFICATES = [
    "certs-ca-folder",
    "certs-ca-key",
    "certs-ca-certificate",
    "certs-server-key",
    "certs-server-certificate",
    "certs-secret-applied",
]
METALLB = ["metallb-chart-deployed", "metallb-pool-applied"]
ENDPOINT = ["nginx-chart-deployed", "endpoint-service-applied", "verify-serving", "narrow-services-pruned"]
METALLB_GOES = ["narrow-pool-absent", "narrow-metallb-absent", "narrow-namespaces-pruned"]
ORDER = {
    "metallb": BEFORE + CERTIFICATES + METALLB + ENDPOINT,
    "external": BEFORE + CERTIFICATES + ENDPOINT + METALLB_GOES,
    "own certificate": BEFORE + METALLB + ENDPOINT,
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
@pytest.mark.parametrize("sls", ["cp_ingress", "cp_ingress.clean"])
def test_every_requisite_points_at_a_state_of_the_run(compiled, case, sls):
    chunks = low(compiled(case), sls)
    states = {(chunk["state"], chunk["__id__"]) for chunk in chunks}
    for chunk in chunks:
        for requisite in [*chunk.get("require", []), *chunk.get("watch", [])]:
            assert next(iter(requisite.items())) in states, chunk["__id__"]


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_run_goes_in_the_documented_order(compiled, case):
    ids = [chunk["__id__"].removeprefix("cp_ingress-") for chunk in low(compiled(case), "cp_ingress")]
    assert ids == ORDER[case]


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
