"""One at a time over all nodes: the Lease that holds a turn, on a real API server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from cp_ingress_core.errors import WaitTimeout
from cp_ingress_core.kube import turn
from cp_ingress_core.kube.client import Client, connect
from tests.lighttier import LightApiserver

NAME = "test-turn"
PATH = f"/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{NAME}"


@pytest.fixture
def client(apiserver: LightApiserver) -> Iterator[Client]:
    yield connect(str(apiserver.kubeconfig))
    apiserver.request("DELETE", PATH)


def hold(client: Client, holder: str, *, seconds: int = 60, patience: float = 30) -> object:
    return turn.held(client, NAME, holder, seconds=seconds, patience=patience, report=lambda _: None)


def test_a_turn_is_there_while_it_is_held_and_gone_after(apiserver: LightApiserver, client: Client) -> None:
    with hold(client, "n1"):
        assert apiserver.request("GET", PATH)[1]["spec"]["holderIdentity"] == "n1"
    assert apiserver.request("GET", PATH)[0] == 404


def test_it_is_given_back_when_the_block_fails(apiserver: LightApiserver, client: Client) -> None:
    with pytest.raises(KeyError), hold(client, "n1"):
        raise KeyError
    assert apiserver.request("GET", PATH)[0] == 404


def test_of_many_only_one_is_inside(apiserver: LightApiserver) -> None:
    inside, most, served = 0, 0, []
    lock = threading.Lock()

    def take(holder: str) -> None:
        nonlocal inside, most
        with hold(connect(str(apiserver.kubeconfig)), holder):
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.05)  # long enough for another one to come in, if it could
            with lock:
                inside -= 1
                served.append(holder)

    threads = [threading.Thread(target=take, args=(f"n{number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, len(served)) == (1, 5)


def test_others_wait_no_longer_than_they_are_told(client: Client) -> None:
    with (
        hold(client, "n1"),
        pytest.raises(WaitTimeout, match="the turn of n1"),
        hold(client, "n2", patience=1),
    ):
        pass


def test_what_a_killed_run_left_is_taken_over_by_the_same_and_after_its_time_by_others(
    apiserver: LightApiserver, client: Client
) -> None:
    context = hold(client, "n1", seconds=1)
    context.__enter__()  # and never left
    with hold(client, "n1"):
        pass
    hold(client, "n1", seconds=1).__enter__()
    with hold(client, "n2", patience=20):
        assert apiserver.request("GET", PATH)[1]["spec"]["holderIdentity"] == "n2"


def test_without_an_api_server_nobody_waits(apiserver: LightApiserver, client: Client) -> None:
    apiserver.stop()
    try:
        with hold(client.patient(0.5), "n1"):
            apiserver.start()
    finally:
        if not apiserver.running:
            apiserver.start()
