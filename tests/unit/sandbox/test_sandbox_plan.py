"""Pure parts of the sandbox: addresses, configuration texts, state, command line."""

import json
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.sandbox import arp, cli, containerd, datadir, kubeadm, process, salt, state
from tests.sandbox.addresses import CLIENT, Peer, hosts_file, node_addresses
from tests.sandbox.errors import SandboxError
from tests.sandbox.node import Node
from tests.sandbox.options import Options

NODES = node_addresses(3)
KEYS = kubeadm.Secrets("abcdef.0123456789abcdef", "00" * 32)


def node(tmp_path, index=0):
    return Node(NODES[index], NODES, tmp_path, "/usr/bin")


def test_nodes_have_the_addresses_that_documents_name():
    assert [(n.name, n.ip, n.pod_cidr) for n in NODES] == [
        ("n1", "10.200.0.11", "10.244.1.0/24"),
        ("n2", "10.200.0.12", "10.244.2.0/24"),
        ("n3", "10.200.0.13", "10.244.3.0/24"),
    ]
    assert NODES[0].mac == "02:cf:0a:c8:00:0b"
    assert len({peer.mac for peer in (*NODES, CLIENT)}) == 4


@pytest.mark.parametrize(
    ("own", "reachable", "expected"),
    [
        pytest.param(
            NODES[1], NODES, ["10.200.0.12", "10.200.0.11", "10.200.0.13"], id="a node asks itself first"
        ),
        pytest.param(CLIENT, NODES, ["10.200.0.11", "10.200.0.12", "10.200.0.13"], id="the client in order"),
        pytest.param(CLIENT, NODES[1:], ["10.200.0.12", "10.200.0.13"], id="not a node that is off"),
        pytest.param(CLIENT, (), ["10.200.0.11", "10.200.0.12", "10.200.0.13"], id="all when none is on"),
    ],
)
def test_the_api_name_lists_masters_in_the_order_to_try(own, reachable, expected):
    lines = hosts_file(own, NODES, reachable).splitlines()
    assert [line.split()[0] for line in lines if line.endswith(" api.sandbox")] == expected


def test_every_machine_has_a_name_in_both_address_families():
    lines = hosts_file(CLIENT, NODES, NODES).splitlines()
    for name in ("n1", "n2", "n3", "client", "localhost"):
        found = [line.split()[0] for line in lines if name in line.split()[1:]]
        assert len(found) == 2
        assert {":" in address for address in found} == {True, False}


def init_documents(**options):
    found = kubeadm.init_documents(NODES[0], Options(**options), KEYS)
    return {document["kind"]: document for document in found}


def arguments(cluster):
    return {item["name"]: item["value"] for item in cluster["apiServer"]["extraArgs"]}


@pytest.mark.parametrize(
    ("options", "mode", "gates", "plugins"),
    [
        pytest.param({}, "iptables", {}, None, id="by default everything is as kubeadm has it"),
        pytest.param({"proxy": "nftables"}, "nftables", {}, None, id="kube-proxy's mode"),
        pytest.param(
            {"external_ips": "unserved"}, "iptables", {"AllowServiceExternalIPs": False}, None, id="gate off"
        ),
        pytest.param(
            {"external_ips": "denied"},
            "iptables",
            {},
            "NodeRestriction,DenyServiceExternalIPs",
            id="denied, beside kubeadm's own plugin",
        ),
    ],
)
def test_options_of_a_cluster_reach_its_components(options, mode, gates, plugins):
    documents = init_documents(**options)
    proxy = documents["KubeProxyConfiguration"]
    assert (proxy["mode"], proxy["featureGates"]) == (mode, gates)
    assert arguments(documents["ClusterConfiguration"]).get("enable-admission-plugins") == plugins


def test_an_unknown_option_is_refused_with_what_is_allowed():
    with pytest.raises(SandboxError, match="--external-ips maybe: must be one of allowed, unserved, denied"):
        Options(external_ips="maybe")


def test_kubeadm_init_keeps_the_default_taint_and_names_no_single_master():
    documents = init_documents()
    init, cluster = documents["InitConfiguration"], documents["ClusterConfiguration"]
    assert "taints" not in init["nodeRegistration"]
    assert cluster["controlPlaneEndpoint"] == "api.sandbox:6443"
    assert init["localAPIEndpoint"]["advertiseAddress"] == "10.200.0.11"
    assert documents["KubeProxyConfiguration"]["mode"] == "iptables"
    assert documents["KubeletConfiguration"]["failCgroupV1"] is False


def test_kubeadm_logs_every_request_into_a_directory_of_the_node():
    cluster = init_documents()["ClusterConfiguration"]
    flags = arguments(cluster)
    mounts = {item["hostPath"] for item in cluster["apiServer"]["extraVolumes"]}
    assert flags["audit-policy-file"] in mounts
    assert flags["audit-log-path"].rsplit("/", 1)[0] in mounts
    policy = yaml.safe_load((kubeadm.FILES / "audit-policy.yaml").read_text())
    assert policy["rules"] == [{"level": "Metadata"}]
    assert "ResponseComplete" not in policy["omitStages"]


def test_kubeadm_join_pins_the_ca_and_makes_a_master():
    (join,) = kubeadm.join_documents(NODES[2], KEYS, "sha256:12")
    assert join["discovery"]["bootstrapToken"] == {
        "apiServerEndpoint": "api.sandbox:6443",
        "token": KEYS.token,
        "caCertHashes": ["sha256:12"],
    }
    assert join["controlPlane"]["localAPIEndpoint"]["advertiseAddress"] == "10.200.0.13"


def test_generated_secrets_have_kubeadms_formats_and_differ():
    one, other = kubeadm.Secrets.generate(), kubeadm.Secrets.generate()
    assert one != other
    assert [len(part) for part in one.token.split(".")] == [6, 16]
    assert len(bytes.fromhex(one.certificate_key)) == 32


def test_containerd_may_not_be_denied_its_oom_score():
    parsed = tomllib.loads(containerd.configuration())
    runtime = parsed["plugins"]["io.containerd.cri.v1.runtime"]
    assert runtime["restrict_oom_score_adj"] is True
    assert runtime["containerd"]["runtimes"]["runc"]["options"]["SystemdCgroup"] is False


def test_pods_of_a_node_get_addresses_of_its_own_range():
    plugins = json.loads(containerd.pod_network(NODES[1]))["plugins"]
    assert plugins[0]["ipam"]["ranges"] == [[{"subnet": "10.244.2.0/24"}]]
    assert [plugin["type"] for plugin in plugins] == ["bridge", "portmap"]


def test_the_sandbox_pillar_pins_packaged_charts_and_comes_last(tmp_path):
    chart = {"version": "1.2.3", "sha256": "ab", "directory": "/charts"}
    files = salt.pillar_files({"metallb": chart, "ingress-nginx": chart}, tmp_path / "helm")
    assert yaml.safe_load(files["top.sls"])["base"]["*"][-1] == "sandbox"
    own_image = {"controller": {"image": {"digest": ""}}}
    assert yaml.safe_load(files["sandbox.sls"])["cp_ingress"] == {
        "charts": {
            "metallb": {**chart, "source": "directory"},
            "ingress-nginx": {**chart, "source": "directory", "values": own_image},
        },
        "helm": str(tmp_path / "helm"),
        "kubeconfig": "/etc/kubernetes/admin.conf",
    }


def test_salt_looks_up_no_names_and_its_roots_are_apart(tmp_path):
    first, second = node(tmp_path), node(tmp_path, 1)
    configs = [
        salt.masterless_config(first, tmp_path / "pillar"),
        salt.minion_config(first, first),
        salt.minion_config(second, first),
        salt.master_config(first, tmp_path / "pillar"),
    ]
    assert all(config["enable_fqdns_grains"] is False for config in configs)
    assert len({config["root_dir"] for config in configs}) == 4
    assert configs[2]["master"] == "10.200.0.11"
    assert configs[0]["pillar_roots"]["base"][0] == str(tmp_path / "pillar")


def test_a_salt_call_asks_for_json_and_says_test_mode(tmp_path):
    local = salt.salt_call_command(node(tmp_path), ["state.apply", "cp_ingress"], local=True, test=True)
    assert {"--local", "--out=json", "--retcode-passthrough"} <= set(local)
    assert local[-1] == "test=True"
    assert "--local" not in salt.salt_call_command(node(tmp_path), ["test.ping"], local=False, test=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param('{"local": 1}', {"local": 1}, id="plain"),
        pytest.param('a warning\n{\n "local": [1]\n}\n', {"local": [1]}, id="after a line of text"),
        pytest.param("[1]", [1], id="a list"),
        pytest.param("nothing", None, id="no JSON"),
        pytest.param('{"local": ', None, id="cut off"),
    ],
)
def test_json_is_found_in_output(text, value):
    assert salt.parse_json(text) == value


def test_an_arp_reply_tells_who_has_the_address():
    asker, owner = Peer("a", "10.200.0.100"), Peer("b", "10.200.0.50")
    question = arp.request(asker, owner.ip)
    assert len(question) == 42
    assert question[:6] == b"\xff" * 6
    reply = arp.mac_bytes(asker.mac) + arp.mac_bytes(owner.mac) + question[12:20] + b"\x00\x02"
    reply += arp.mac_bytes(owner.mac) + bytes([10, 200, 0, 50]) + question[22:32]
    assert arp.answer(reply, "10.200.0.50") == owner.mac
    assert arp.answer(reply, "10.200.0.51") is None
    assert arp.answer(question, "10.200.0.50") is None
    assert arp.answer(reply[:30], "10.200.0.50") is None


@pytest.mark.parametrize(
    "path", ["sandbox", "/", "/run/sandbox", "/etc/x", "/var/lib/sandbox", "/var/log", "/proc/1"]
)
def test_a_data_directory_that_nodes_see_differently_is_refused(path):
    with pytest.raises(SandboxError, match=r"data directory .*--dir"):
        datadir.data_directory(path)


def test_the_data_directory_comes_from_option_then_environment_then_default():
    environment = {datadir.DIR_VARIABLE: "/srv/from-environment"}
    assert str(datadir.data_directory("/srv/given", environment)) == "/srv/given"
    assert str(datadir.data_directory(None, environment)) == "/srv/from-environment"
    assert datadir.data_directory(None, {}) == datadir.DEFAULT_DIR


def test_a_directory_with_other_files_is_neither_taken_nor_removed(tmp_path):
    (tmp_path / "nodes").mkdir()
    with pytest.raises(SandboxError, match=r"no sandbox's; choose .*--dir"):
        datadir.claim(tmp_path)
    datadir.remove(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["nodes"]


def test_a_claimed_directory_is_removed_whole(tmp_path):
    directory = tmp_path / "below" / "sandbox"
    datadir.claim(directory)
    (directory / "nodes/n1").mkdir(parents=True)
    datadir.claim(directory)
    datadir.remove(directory)
    datadir.remove(directory)
    assert list((tmp_path / "below").iterdir()) == []


def test_state_is_read_back_as_written(tmp_path):
    written = state.State("/srv/x", 3, "iptables", "test", powered_off=["n2"], sysctls={"kernel/panic": "0"})
    assert state.State.load(tmp_path) is None
    written.save(tmp_path)
    assert state.State.load(tmp_path) == written
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"nodes": 3}', '{"unknown": 1}'])
def test_a_state_file_of_something_else_is_named(tmp_path, text):
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(SandboxError, match=r"state\.json: not a state file .*down"):
        state.State.load(tmp_path)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("up", {"nodes": 3, "proxy": "iptables", "salt": False}),
        ("up --nodes 1 --proxy nftables --salt", {"nodes": 1, "proxy": "nftables", "salt": True}),
        ("up --external-ips denied", {"external_ips": "denied"}),
        ("--dir /srv/x up", {"dir": "/srv/x"}),
        ("exec n2 kubectl get pods -A", {"node": "n2", "argv": ["kubectl", "get", "pods", "-A"]}),
        ("client curl -k https://10.200.0.50:8443", {"argv": ["curl", "-k", "https://10.200.0.50:8443"]}),
        ("logs n3 kubelet -n 5", {"node": "n3", "name": "kubelet", "lines": 5}),
    ],
)
def test_the_command_line_is_understood(line, expected):
    options = vars(cli.parser().parse_args(line.split()))
    assert {name: options[name] for name in expected} == expected


@pytest.mark.parametrize("line", ["", "up --nodes 2", "up --proxy ipvs", "poweroff", "logs n1 other", "fly"])
def test_a_wrong_command_line_is_refused(line, capsys):
    with pytest.raises(SystemExit) as refused:
        cli.parser().parse_args(line.split())
    assert refused.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_every_command_does_something():
    with pytest.raises(SystemExit):
        cli.parser().parse_args(["--help"])
    actions = cli.parser()._subparsers._group_actions[0]
    assert set(actions.choices) == set(cli.COMMANDS)


def test_a_failed_command_is_told_with_its_output():
    with pytest.raises(SandboxError, match=r"the thing: exit code 3\nno such thing"):
        process.execute(["sh", "-c", "echo no such thing >&2; exit 3"], what="the thing")


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path):
    script = f"sleep 60 & echo $! > {tmp_path}/pid; wait"
    with pytest.raises(SandboxError, match=r"still running after 0\.5 s"):
        process.execute(["sh", "-c", script], timeout=0.5)
    child = Path("/proc", (tmp_path / "pid").read_text().strip())
    ended = ("Z", "X")
    process.wait_for(
        lambda: not child.exists() or (child / "stat").read_text().rsplit(")", 1)[1].split()[0] in ended,
        timeout=10,
        what="the child's end",
    )


def test_waiting_has_an_end_and_tells_the_last_error():
    def probe():
        raise OSError("connection refused")

    with pytest.raises(
        SandboxError, match=r"the answer: not so after 0 s \(last error: connection refused\)"
    ):
        process.wait_for(probe, timeout=0, what="the answer")
