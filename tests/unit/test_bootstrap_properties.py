"""Whatever the Bootstrap file holds, it is read, or refused with a ConfigError that says why."""

from __future__ import annotations

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cp_ingress_core import bootstrap
from cp_ingress_core.errors import ConfigError
from cp_ingress_core.networks import Networks
from tests.unit.bootstrap_files import FILE, HEADER, METALK8S


def read_or_refuse(content: bytes) -> Networks | None:
    """Parse; the only exception that may come is a ConfigError that says something."""
    try:
        return bootstrap.parse(content, FILE)
    except ConfigError as err:
        assert err.info["errors"]
        assert all(text.startswith(f"{FILE}: ") and len(text) < 1000 for text in err.info["errors"])
        return None


@given(st.binary(max_size=300))
@example(b"? [a]: b")
@example(b"%YAML 1." + b"9" * 5000 + b"\n--- a")
@example(b'"\\UFFFFFFFF"')
@example(b"!<tag:yaml.org,2002:bool> foo")
@example(b"<<: 1\n<<: 2")
@example(b"{" * 600)
@example(b"? " * 600)
@example(b"- " * 600)
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read_or_refuse(content)


# fmt: off
WORDS = st.sampled_from([
    "apiVersion", "kind", "networks", "controlPlane", "cidr", "metalLB", "enabled", "ingress", "ip",
    "pods", "services", "10.200.0.0/24", "10.200.0.50", "fd00::/64", "true", "yes", "null", "<<", "&a",
    "*a", "!t", "cp-ingress/v1", "BootstrapConfiguration", "metalk8s.scality.com/v1alpha2",
    "2026-13-45", "1_", "0x_", "''",
])
# fmt: on
MARKS = st.sampled_from(
    [": ", ":\n  ", "\n", "\n  ", "\n    ", ", ", "{", "}", "[", "]", "- ", "? ", " ", "|\n", "#"]
)


@given(st.lists(st.one_of(WORDS, MARKS), max_size=40).map("".join))
@settings(max_examples=150, deadline=None)
def test_any_yaml_like_text_is_read_or_refused(text: str) -> None:
    read_or_refuse(text.encode())


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), WORDS)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(WORDS, st.text(max_size=5)), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(tree=TREES, header=st.sampled_from([HEADER, METALK8S, ""]))
@settings(max_examples=150, deadline=None)
def test_any_structure_is_read_or_refused(tree: object, header: str) -> None:
    for text in (yaml.safe_dump(tree), header + yaml.safe_dump({"networks": {"controlPlane": tree}})):
        networks = read_or_refuse(text.encode())
        if networks is not None:
            assert networks.cidrs
            assert networks.ip is not None or not networks.metallb
