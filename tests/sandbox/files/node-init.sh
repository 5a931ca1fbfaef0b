#!/bin/bash
# PID 1 of a sandbox node: makes the node's own view of the machine, then runs containerd and the kubelet.
#
# Environment: NODE (name), NODE_DIR (its disk on the host), CGROUP_V1 (mount options of the v1 hierarchies,
# separated by spaces; empty: v2).
#
# Everything a node writes goes to its disk: /etc, /var/lib and /var/log are overlays over the host's, the
# directories of Kubernetes are bind mounts that start empty, /run is in memory and empty after each power-on.
set -eu

private_mounts() {
    mount --make-rprivate /
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir -p /run/lock
    local dir upper
    for dir in etc var/lib var/log; do
        upper=$NODE_DIR/overlay/$dir
        mkdir -p "$upper/upper" "$upper/work"
        mount -t overlay -o "lowerdir=/$dir,upperdir=$upper/upper,workdir=$upper/work" "overlay-$NODE" "/$dir"
    done
    for dir in etc/kubernetes etc/cni etc/containerd etc/cp-ingress etc/salt \
        var/lib/kubelet var/lib/containerd var/lib/etcd var/lib/cni \
        var/log/pods var/log/containers var/log/kubernetes; do
        mkdir -p "$NODE_DIR/disk/$dir" "/$dir"
        mount --bind "$NODE_DIR/disk/$dir" "/$dir"
    done
    # Links into /run (systemd-resolved) must not be followed: remove first.
    rm -f /etc/hosts /etc/resolv.conf /etc/machine-id
    cp "$NODE_DIR/hosts" /etc/hosts
    : > /etc/resolv.conf
    cp "$NODE_DIR/machine-id" /etc/machine-id
    hostname "$NODE"
}

cgroup_mounts() {
    if [ -z "$CGROUP_V1" ]; then
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        # The node's processes are in its child `init`: one v2 cgroup can't have both processes and controllers.
        local controller
        for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
            echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control
        done
        return
    fi
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
    local options name
    for options in $CGROUP_V1; do
        name=${options#name=}
        mkdir -p "/sys/fs/cgroup/$name"
        case $options in
            name=*) options=none,$options ;;
        esac
        mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$name"
    done
}

# supervise NAME COMMAND...: what a service manager does, for as long as the node is switched on.
supervise() {
    local name=$1
    shift
    while true; do
        echo "$(date +%T) start of $name" >> "$NODE_DIR/log/$name.log"
        "$@" >> "$NODE_DIR/log/$name.log" 2>&1 || true
        sleep 1
    done
}

# The kubelet can start once kubeadm has written its configuration; kubeadm finds no service manager here.
kubelet_when_configured() {
    while [ ! -f /var/lib/kubelet/config.yaml ] || [ ! -S /run/containerd/containerd.sock ]; do
        sleep 0.2
    done
    local KUBELET_KUBEADM_ARGS=""
    if [ -f /var/lib/kubelet/kubeadm-flags.env ]; then
        . /var/lib/kubelet/kubeadm-flags.env
    fi
    # shellcheck disable=SC2086 # several flags in one variable, as kubeadm writes them
    exec kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf \
        --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS
}

kubelet_service() {
    (kubelet_when_configured)
}

private_mounts
cgroup_mounts
mount --make-rshared /
supervise containerd containerd --config "$NODE_DIR/containerd.toml" &
supervise kubelet kubelet_service &
wait
