#!/bin/sh
# What scripts that gather facts share: a fact is a line `KEY VALUE`. They fail at nothing: what cannot be
# found out is left out.
say() { printf '%s %s\n' "$1" "$2"; }
say_clock() { say clock "$(date +%s%N)"; }

# Public parts only: what stands between the lines of a certificate, or as the certificate of a kubeconfig. $1 is the
# folder of the PKI, $2 the certificate of the kubelet.
say_certificates() {
  for file in "$1"/*.crt "$1"/etcd/*.crt "$2"; do
    [ -r "$file" ] && say certificate "$file $(sed -n '/^-*BEGIN CERTIFICATE-*$/,/^-*END CERTIFICATE-*$/p' "$file" | base64 -w0)"
  done
  for file in /etc/kubernetes/*.conf; do
    [ -r "$file" ] || continue
    sed -n "s|^ *client-certificate-data: *|certificate $file |p" "$file"
  done
}
