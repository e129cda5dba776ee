#!/bin/sh
# $1 is 1 where packets are forwarded already; $2 names the modules to load, if any. systemd loads them: its
# helper needs no kmod package. It is restarted because it has run at boot, and its failure is left to flannel
# and containerd, whose messages name what they miss.
set -eu
[ -z "$2" ] || systemctl restart systemd-modules-load.service || true
[ "$1" = 1 ] || echo 1 > /proc/sys/net/ipv4/ip_forward
