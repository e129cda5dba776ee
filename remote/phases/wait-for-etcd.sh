#!/bin/sh
# Asks until etcd serves linearizable reads, ten times a second at most. $1 is its address with the port, $2
# the limit in s.
set -eu
pki=/etc/kubernetes/pki/etcd
now() { cut -d. -f1 /proc/uptime; }
end=$(($(now) + $2))
until answer=$(etcdctl --endpoints "https://$1" --cacert $pki/ca.crt --cert $pki/healthcheck-client.crt \
  --key $pki/healthcheck-client.key --command-timeout=2s --dial-timeout=1s endpoint health 2>&1); do
  # What systemd has given up will not come by itself.
  if [ "$(now)" -ge "$end" ] || systemctl is-failed --quiet etcd.service; then
    journalctl -u etcd.service -n 5 --no-pager -o cat >&2 || true
    echo "etcd is $(systemctl is-active etcd.service), and not healthy: $answer" >&2
    exit 1
  fi
  sleep 0.1
done
