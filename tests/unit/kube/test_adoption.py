from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.errors import ObjectError
from cp_ingress_core.kube.adoption import Adopt, check

HELM = {
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
    "annotations": {"meta.helm.sh/release-name": "r", "meta.helm.sh/release-namespace": "n"},
}
OTHER_SET = {"labels": {"applyset.kubernetes.io/part-of": "other"}}
OUR_SET = {"labels": {"applyset.kubernetes.io/part-of": "ours"}}
CONTROLLED = {"ownerReferences": [{"kind": "ReplicaSet", "name": "r", "controller": True}]}
OURS = {"managedFields": [{"manager": "salt-cp-ingress", "operation": "Apply"}]}


@pytest.mark.parametrize(
    ("metadata", "policy", "allowed"),
    [
        pytest.param({}, "unowned", True, id="unowned: nobody's is taken"),
        pytest.param({}, "never", False, id="never: nobody's is refused"),
        pytest.param(OURS, "never", True, id="never: what we applied before is ours"),
        pytest.param(OUR_SET, "unowned", True, id="unowned: the set's own"),
        pytest.param(OTHER_SET, "unowned", False, id="unowned: another set's is refused"),
        pytest.param({**OTHER_SET, **OURS}, "never", False, id="never: another set of ours is refused"),
        pytest.param(HELM, "unowned", False, id="unowned: a Helm release's is refused"),
        pytest.param(
            {"labels": HELM["labels"]}, "unowned", True, id="unowned: rendered by Helm, but of no release"
        ),
        pytest.param(CONTROLLED, "unowned", False, id="unowned: a controller's is refused"),
        pytest.param({**OTHER_SET, **CONTROLLED}, "all", True, id="all: everything is taken"),
    ],
)
def test_adoption(metadata: dict[str, Any], policy: Adopt, allowed: bool) -> None:
    live = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "n", **metadata}}

    if allowed:
        check(live, policy, "ours")
    else:
        with pytest.raises(ObjectError, match=r"v1/Pod n/a: .*adopt: all"):
            check(live, policy, "ours")
