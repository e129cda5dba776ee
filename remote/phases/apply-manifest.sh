#!/bin/sh
# Applies the manifest from standard input with the kubeconfig $2; it is kept in the folder $1 meanwhile. The
# rest are options of kubectl.
set -eu
run_dir=$1 admin_conf=$2
shift 2
umask 077
manifest=$(mktemp "$run_dir/manifest.XXXXXX")
trap 'rm -f "$manifest"' EXIT
cat > "$manifest"
kubectl --kubeconfig "$admin_conf" "$@" apply --server-side --force-conflicts --field-manager=kboot -f "$manifest"
