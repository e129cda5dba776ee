#!/usr/bin/env bash
# Makes the certificates and kubeconfigs of a cluster in the folder `kubernetes`, laid out as kubeadm lays out
# /etc/kubernetes. Each machine has its own kubeconfig for the kubelet: kubelet-MACHINE.conf.
#
#   certificates.sh MASTER MASTER_ADDRESS ENDPOINT NODE...
set -euo pipefail
master=$1 address=$2 endpoint=$3
shift 3
umask 077
mkdir -p kubernetes/pki/etcd
cd kubernetes/pki

authority() { # FILE NAME
  openssl req -x509 -newkey rsa:2048 -noenc -days 3650 -keyout "$1.key" -out "$1.crt" -subj "/CN=$2" \
    -addext keyUsage=critical,digitalSignature,keyCertSign 2> /dev/null
}

certificate() { # AUTHORITY FILE SUBJECT USAGE [NAMES]
  openssl req -newkey rsa:2048 -noenc -keyout "$2.key" -subj "$3" 2> /dev/null |
    openssl x509 -req -days 365 -CA "$1.crt" -CAkey "$1.key" -out "$2.crt" -extfile <(
      echo "keyUsage=critical,digitalSignature,keyEncipherment"
      echo "extendedKeyUsage=$4"
      if [ -n "${5-}" ]; then echo "subjectAltName=$5"; fi
    ) 2> /dev/null
}

authority ca kubernetes
authority front-proxy-ca front-proxy-ca
authority etcd/ca etcd-ca
openssl genrsa -out sa.key 2048 2> /dev/null
openssl rsa -in sa.key -pubout -out sa.pub 2> /dev/null

service=kubernetes.default.svc.cluster.local
certificate ca apiserver /CN=kube-apiserver serverAuth \
  "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:$service,DNS:$master,DNS:localhost,IP:10.96.0.1,IP:127.0.0.1,IP:$address"
certificate ca apiserver-kubelet-client /CN=kube-apiserver-kubelet-client clientAuth
certificate front-proxy-ca front-proxy-client /CN=front-proxy-client clientAuth
own="DNS:$master,DNS:localhost,IP:127.0.0.1,IP:$address"
certificate etcd/ca etcd/server "/CN=$master" serverAuth,clientAuth "$own"
certificate etcd/ca etcd/peer "/CN=$master" serverAuth,clientAuth "$own"
certificate etcd/ca etcd/healthcheck-client /CN=healthcheck-client clientAuth
certificate etcd/ca apiserver-etcd-client /CN=kube-apiserver clientAuth

# A kubeconfig with everything inside, so that one file is all that a component needs.
kubeconfig() { # FILE SUBJECT
  certificate ca client "$2" clientAuth
  cat > "../$1" << EOF
apiVersion: v1
kind: Config
clusters:
  - name: kubernetes
    cluster: { server: "https://$endpoint", certificate-authority-data: $(base64 -w 0 ca.crt) }
users:
  - name: client
    user: { client-certificate-data: $(base64 -w 0 client.crt), client-key-data: $(base64 -w 0 client.key) }
contexts:
  - name: default
    context: { cluster: kubernetes, user: client }
current-context: default
EOF
  rm client.crt client.key
}

kubeconfig admin.conf /O=system:masters/CN=admin
kubeconfig controller-manager.conf /CN=system:kube-controller-manager
kubeconfig scheduler.conf /CN=system:kube-scheduler
kubeconfig kube-proxy.conf /CN=system:kube-proxy
kubeconfig flannel.conf /CN=flannel
for machine in "$master" "$@"; do
  kubeconfig "kubelet-$machine.conf" "/O=system:nodes/CN=system:node:$machine"
done
