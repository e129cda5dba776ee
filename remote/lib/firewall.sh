#!/bin/sh
# Looks at the firewall with the programs of the image of the kubelet, whose root filesystem is $rootfs.
# shellcheck disable=SC2154 # the script that includes this sets it

# Runs one of them: the machine itself needs no iptables. The mount namespace is its own, so /proc of the root
# filesystem is gone with the program.
tool() {
  # shellcheck disable=SC2016 # the inner shell expands them
  unshare --mount --propagation private sh -c '
    rootfs=$1
    shift
    mount -t proc proc "$rootfs/proc"
    exec chroot "$rootfs" "$@"
  ' kboot "$rootfs" "$@"
}

# Prints the tables and chains of the firewall, as they are recorded before the cluster.
list() {
  tool nft list chains 2> /dev/null |
    awk '$1 == "table" { table = $2 " " $3; print table } $1 == "chain" { print table, $2 }'
}
