#!/bin/sh
# Runs a program as a transient systemd unit, so that it outlives a lost connection. $1 is the unit, $2 the
# file for its output, $3 a marker that is made when the program succeeds; the rest is the program. A unit
# that still runs is left alone, and so is the result of one that has succeeded in the meantime. The PATH of
# these scripts goes along: the one of systemd knows no /opt/bin. Output and exit status stay in root-only
# files, because what kubeadm prints holds the join token.
set -eu
unit=$1 out=$2 marker=$3
shift 3
umask 077
mkdir -p "${out%/*}"
if systemctl is-active --quiet "$unit"; then exit 0; fi
if [ -e "$marker" ] && [ -e "$out.exit" ]; then exit 0; fi
rm -f "$out" "$out.exit"
systemctl reset-failed "$unit" 2> /dev/null || true
# shellcheck disable=SC2016 # the inner shell expands them
systemd-run --quiet --collect --unit="$unit" --setenv="PATH=$PATH" sh -c '
  out=$1 marker=$2
  shift 2
  code=0
  { "$@" && sync -f /etc/kubernetes /var/lib/kubelet; } >"$out" 2>&1 || code=$?
  # This must not outlive a power cut that takes what it speaks of.
  if [ "$code" = 0 ]; then : >"$marker"; fi
  echo "$code" >"$out.exit.new"
  mv "$out.exit.new" "$out.exit"
' kboot "$out" "$marker" "$@"
