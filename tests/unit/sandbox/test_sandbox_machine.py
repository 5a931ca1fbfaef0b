"""Parts of the sandbox that deal with the machine, on files: cgroups, locks, kernel settings, audit logs."""

import fcntl
import json
import os
import subprocess
import sys

import pytest

from tests.sandbox import audit, cgroups, sysctl
from tests.sandbox.errors import SandboxBusyError, SandboxError
from tests.sandbox.images import seed_key
from tests.sandbox.lock import Lock
from tests.sandbox.salt import REPOSITORY

V1_MOUNTS = """\
30 23 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,xattr,release_agent=/x/agent,name=systemd
34 30 0:30 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw,nsdelegate
35 30 0:28 / /mnt/again rw,nosuid - cgroup cgroup rw,memory
"""
V1_OWN = "4:memory:/session/a\n3:cpu,cpuacct:/\n2:name=systemd:/\n0::/\n"


def test_v1_hierarchies_are_used_where_there_are_any(tmp_path):
    found = cgroups.hierarchies(V1_MOUNTS, V1_OWN, tmp_path)
    assert [hierarchy.options for hierarchy in found] == ["cpu,cpuacct", "memory", "name=systemd"]
    assert [str(hierarchy.parent.relative_to(tmp_path)) for hierarchy in found] == [
        "sys/fs/cgroup/cpu,cpuacct",
        "sys/fs/cgroup/memory/session/a",
        "sys/fs/cgroup/systemd",
    ]


def test_a_container_sees_its_own_cgroup_at_the_mount(tmp_path):
    mounts = "32 30 0:28 /docker/1 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    inside = cgroups.hierarchies(mounts, "4:memory:/docker/1/session\n", tmp_path)
    assert inside[0].parent == tmp_path / "sys/fs/cgroup/memory/session"
    outside = cgroups.hierarchies(mounts, "4:memory:/elsewhere\n", tmp_path)
    assert outside[0].parent == tmp_path / "sys/fs/cgroup/memory"


def v2(tmp_path, controllers):
    mount = tmp_path / "sys/fs/cgroup"
    mount.mkdir(parents=True)
    (mount / "cgroup.controllers").write_text(controllers)
    return "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


def test_v2_alone_is_used_at_its_root(tmp_path):
    mounts = v2(tmp_path, "cpuset cpu io memory pids rdma")
    (found,) = cgroups.hierarchies(mounts, "0::/user.slice\n", tmp_path)
    assert found == cgroups.Hierarchy(tmp_path / "sys/fs/cgroup", "", tmp_path / "sys/fs/cgroup")


def test_v2_without_controllers_is_refused_naming_them(tmp_path):
    with pytest.raises(SandboxError, match=r"lacks the controllers cpuset, io"):
        cgroups.hierarchies(v2(tmp_path, "cpu memory pids"), "0::/\n", tmp_path)


def test_no_cgroups_at_all_is_refused(tmp_path):
    with pytest.raises(SandboxError, match=r"no cgroup hierarchy is mounted"):
        cgroups.hierarchies("30 23 0:26 / /sys rw - sysfs sysfs rw\n", "", tmp_path)


def test_processes_enter_a_v2_cgroup_by_its_child(tmp_path):
    (tmp_path / "cgroup.controllers").touch()
    assert cgroups.entrances([tmp_path]) == [str(tmp_path / "init/cgroup.procs")]
    (tmp_path / "cgroup.controllers").unlink()
    assert cgroups.entrances([tmp_path]) == [str(tmp_path / "cgroup.procs")]


@pytest.mark.parametrize(
    ("usage", "prefix"), [("memory.usage_in_bytes", "total_"), ("memory.current", "")], ids=["v1", "v2"]
)
def test_memory_is_counted_without_page_cache(tmp_path, usage, prefix):
    (tmp_path / usage).write_text("1000\n")
    (tmp_path / "memory.stat").write_text(f"{prefix}active_file 300\n{prefix}inactive_file 100\nrss 1\n")
    assert cgroups.memory_in_use(tmp_path) == 600
    assert cgroups.memory_directory([tmp_path / "none", tmp_path]) == tmp_path


def test_the_lock_names_the_process_that_has_it(tmp_path):
    anchor = tmp_path / "anchor"
    script = (
        "import sys; from pathlib import Path; from tests.sandbox.lock import Lock; "
        "Lock(Path(sys.argv[1])).acquire(); print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(anchor)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(SandboxBusyError, match=rf"in use by process {holder.pid} \("):
            Lock(anchor).acquire()
    own = Lock(anchor)
    own.acquire()  # its holder has ended, whatever it left in the file
    assert own.held
    own.release()


def test_a_released_lock_leaves_nothing_where_there_is_no_sandbox(tmp_path):
    anchor = tmp_path / "anchor"
    lock = Lock(anchor)
    lock.acquire()
    lock.acquire()
    lock.release()
    lock.release()
    assert not anchor.exists()


def test_a_released_lock_leaves_a_sandboxs_state_alone(tmp_path):
    lock = Lock(tmp_path)
    lock.acquire()
    (tmp_path / "state.json").touch()
    lock.release()
    assert sorted(os.listdir(tmp_path)) == ["lock", "state.json"]


def test_a_lock_on_a_file_that_was_removed_is_taken_again(tmp_path, monkeypatch):
    """A waiter that opened the file just before `down` removed it must not believe it has the lock."""
    removed = []
    real = fcntl.flock

    def remove_first(fd, operation):
        real(fd, operation)
        if not removed:
            (tmp_path / "lock").unlink()
            removed.append(True)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    lock = Lock(tmp_path)
    lock.acquire()
    with pytest.raises(SandboxBusyError):
        Lock(tmp_path).acquire()
    lock.release()


def test_kernel_settings_are_raised_and_put_back(tmp_path):
    for name, value in {"fs/inotify/max_user_instances": "128", "kernel/panic": "0"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{value}\n")
    saved = sysctl.save(tmp_path)
    assert saved == {"fs/inotify/max_user_instances": "128", "kernel/panic": "0"}
    sysctl.raise_limits(tmp_path)
    assert int((tmp_path / "fs/inotify/max_user_instances").read_text()) > 128
    (tmp_path / "kernel/panic").write_text("10\n")
    sysctl.restore(saved, tmp_path)
    assert sysctl.save(tmp_path) == saved


def test_a_limit_that_is_high_enough_stays(tmp_path):
    path = tmp_path / "fs/inotify/max_user_watches"
    path.parent.mkdir(parents=True)
    path.write_text("99999999\n")
    sysctl.raise_limits(tmp_path)
    assert path.read_text() == "99999999\n"


def test_audit_events_are_read_from_an_offset_without_a_cut_off_line(tmp_path):
    log = tmp_path / "audit.log"
    first = json.dumps({"requestURI": "/a"}) + "\n"
    log.write_text(first + json.dumps({"requestURI": "/b"}) + "\n" + '{"requestURI": "/c')
    assert [event["requestURI"] for event in audit.read(log)] == ["/a", "/b"]
    assert [event["requestURI"] for event in audit.read(log, len(first))] == ["/b"]
    assert audit.read(tmp_path / "missing") == []


@pytest.mark.parametrize(
    ("verb", "uri", "expected"),
    [
        ("patch", "/api/v1/namespaces/x/configmaps/y", True),
        ("patch", "/api/v1/namespaces/x/configmaps/y?dryRun=All&force=false", False),
        ("delete", "/api/v1/namespaces/x", True),
        ("get", "/api/v1/namespaces/x", False),
        ("list", "/api/v1/namespaces", False),
        ("watch", "/api/v1/namespaces", False),
    ],
)
def test_a_write_is_a_writing_verb_that_is_no_dry_run(verb, uri, expected):
    assert audit.is_write({"verb": verb, "requestURI": uri}) is expected


def test_other_image_archives_are_another_seed(tmp_path):
    one, two = tmp_path / "one.tar", tmp_path / "two.tar"
    one.write_text("1")
    two.write_text("2")
    before = seed_key([one, two])
    assert seed_key([two, one]) == before
    assert seed_key([one]) != before
    two.write_text("22")
    assert seed_key([one, two]) != before
