#!/bin/sh
# After a power cut, files that a former try wrote may be empty. kubeadm would neither use nor replace some of
# them, and neither would the kubelet.
set -eu
clear_empty() {
  if [ -d "$1" ]; then
    find "$1" -xdev -maxdepth "$2" -type f -size 0 \( -name '*.conf' -o -name '*.yaml' -o -name '*.crt' -o -name '*.pem' \
      -o -name kubeadm-flags.env -o -name '*_state' \) -delete
  fi
}
clear_empty /etc/kubernetes 2
clear_empty /var/lib/kubelet 1
clear_empty /var/lib/kubelet/pki 1
