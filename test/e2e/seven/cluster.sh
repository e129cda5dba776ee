#!/usr/bin/env bash
# Puts a cluster of one master and one node together from system containers alone: no kubeadm, and no pod of the
# control plane. Run it where kboot.yaml lists both machines:
#
#   cluster.sh MASTER MASTER_ADDRESS NODE NODE_ADDRESS
#
# KBOOT and SSH are the commands to use, BUNDLE is the folder of the bundle.
set -euo pipefail
master=$1 master_address=$2 node=$3 node_address=$4
here=$(cd "$(dirname "$0")" && pwd)
read -ra kboot <<< "${KBOOT:-kboot}"
read -ra ssh <<< "${SSH:-ssh}"
bundle=${BUNDLE:-$HOME/.cache/kboot/bundles/v1.37.2-amd64-modules}
endpoint=$master:6443

on() { # MACHINE COMMAND
  "${ssh[@]}" "root@$1" "$2"
}

install() { # MACHINE IMAGE [--set NAME=VALUE]...
  "${kboot[@]}" containers install "$2" --host "$1" --start "${@:3}"
}

eventually() { # COMMAND...
  for _ in $(seq 120); do
    if answer=$("$@" 2>&1); then return; fi
    sleep 1
  done
  echo "$*: not within two minutes: $answer" >&2
  exit 1
}

kubectl() { # ARGUMENT...
  on "$master" "kubectl --kubeconfig /etc/kubernetes/admin.conf $*"
}

# 1. Certificates and kubeconfigs are made here, and a machine gets those that it needs.
"$here/certificates.sh" "$master" "$master_address" "$endpoint" "$node"
for_every_machine=(pki/ca.crt kube-proxy.conf flannel.conf)
for_the_master=(admin.conf controller-manager.conf scheduler.conf pki)

place() { # MACHINE FILE...
  tar -c -C kubernetes --owner 0 --group 0 --transform "s/^kubelet-$1.conf$/kubelet.conf/" "kubelet-$1.conf" "${@:2}" |
    on "$1" 'mkdir -p /etc/kubernetes && tar -x -C /etc/kubernetes'
}
place "$master" "${for_every_machine[@]}" "${for_the_master[@]}"
place "$node" "${for_every_machine[@]}"

# 2. What Kubernetes wants of every machine: a kernel that forwards, a runtime, the first image, the kubelet's settings.
for machine in "$master" "$node"; do
  on "$machine" 'echo net.ipv4.ip_forward=1 > /etc/sysctl.d/90-seven.conf && systemctl restart systemd-sysctl'
  # The machines of the lab cannot lower oom_score_adj.
  install "$machine" node-runtime --set RESTRICT_OOM_SCORE_ADJ=true
  node "$here/archive.mjs" "$bundle" /pause: /kube-proxy: | on "$machine" 'ctr -n k8s.io images import - > /dev/null'
  on "$machine" 'mkdir -p -m 700 /var/lib/kubelet && cat > /var/lib/kubelet/config.yaml' < "$here/kubelet.yaml"
done

# 3. The control plane.
install "$master" etcd \
  --set "ETCD_NAME=$master" \
  --set "ETCD_LISTEN_CLIENT_URLS=https://127.0.0.1:2379,https://$master_address:2379" \
  --set "ETCD_ADVERTISE_CLIENT_URLS=https://$master_address:2379" \
  --set "ETCD_LISTEN_PEER_URLS=https://$master_address:2380" \
  --set "ETCD_INITIAL_ADVERTISE_PEER_URLS=https://$master_address:2380" \
  --set "ETCD_INITIAL_CLUSTER=$master=https://$master_address:2380"
install "$master" kube-apiserver --set "ADVERTISE_ADDRESS=$master_address"
install "$master" kube-controller-manager
install "$master" kube-scheduler

# 4. The kubelet, which brings kubectl, then what both machines need for pods and Services.
install "$master" kubelet --set "KUBELET_ARGS=--hostname-override=$master --node-ip=$master_address"
install "$node" kubelet --set "KUBELET_ARGS=--hostname-override=$node --node-ip=$node_address"
eventually kubectl get --raw /readyz
kubectl apply -f - < "$here/rbac.yaml"
for machine in "$master" "$node"; do
  eventually kubectl get node "$machine"
  # The kernel that the machines of the lab share does not let them set how many connections it follows.
  install "$machine" kube-proxy --set "NODE_NAME=$machine" --set CONNTRACK_MAX_PER_CORE=0
  install "$machine" flannel --set "NODE_NAME=$machine"
done
kubectl wait --for=condition=Ready --timeout=120s "node/$master" "node/$node"
