#!/bin/sh
# Waits for the API: the kubeconfig $3 appears when kubeadm has written it, and the API answers at the path $4
# some seconds later. $1 is the limit in s, on the clock that nobody sets, and $2 the unit that kubeadm runs
# in: while it does, it is the one that knows when to give up. The exit status is 75 when it waited in vain.
set -eu
limit=$1 unit=$2 admin_conf=$3 ready=$4
now() { cut -d. -f1 /proc/uptime; }
end=$(($(now) + limit))
until [ -e "$admin_conf" ] && answer=$(kubectl --kubeconfig "$admin_conf" get --raw "$ready" 2>&1); do
  if systemctl is-active --quiet "$unit"; then end=$(($(now) + limit)); fi
  [ "$(now)" -lt "$end" ] || {
    echo "$answer" >&2
    exit 75
  }
  sleep 0.5
done
