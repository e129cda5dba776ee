#!/bin/sh
# kubeadm makes the certificates into $1 from the configuration on standard input, which it reads through a
# root-only file in $4, and keeps what exists. It does not wait until what it writes is on the disk, and after
# a power cut it would neither use nor replace empty files: so it works in a copy $2, which takes the place of
# the directory once it is whole; meanwhile the former one is $3.
set -eu
pki=$1 new=$2 old=$3 run_dir=$4
umask 077
mkdir -p "$run_dir" "${pki%/*}"
config=$run_dir/certificates.yaml
trap 'rm -f "$config"' EXIT
cat > "$config"
if [ ! -e "$pki" ] && [ -e "$old" ]; then mv -T "$old" "$pki"; fi
rm -rf "$new" "$old"
if [ -e "$pki" ]; then cp -a "$pki" "$new"; fi
kubeadm init phase certs all --config "$config"
names() { (cd "$1" && find . | sort); }
if [ -e "$pki" ] && [ "$(names "$pki")" = "$(names "$new")" ]; then
  rm -rf "$new"
  exit
fi
sync -f "$new"
if [ -e "$pki" ]; then mv -T "$pki" "$old"; fi
mv -T "$new" "$pki"
rm -rf "$old"
sync -f "${pki%/*}"
