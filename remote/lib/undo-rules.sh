#!/bin/sh
# Reads iptables-save of the table $1 and prints what takes the rules of the cluster out of it: the jumps from
# chains of others, then the chains (KUBE- is of kube-proxy and the kubelet, FLANNEL- of flannel). Rules of
# the plugins of CNI name their network in a comment: those of the cluster (cbr0) go, with the chains that
# they lead to. The chains of ports that all networks share go with the last of them, unless $2 is not 0: they
# were there before. Nothing else is ever touched.
undo_rules() {
  awk -v table="$1" -v had="$2" '
/^:/ { chains[++c] = substr($1, 2) }
/^-A / {
  rules[++r] = $0
  chain[r] = $2
  target[r] = ""
  for (i = 3; i < NF; i++) if ($i == "-j" || $i == "-g") target[r] = $(i + 1)
  if ($0 ~ /--comment .*name: .?.?cbr0[^a-z0-9]/) {
    named[r] = 1
    if (target[r] ~ /^CNI-[A-Z0-9]/ && target[r] !~ /^CNI-HOSTPORT-/) own[target[r]] = 1
  } else if ($2 == "CNI-HOSTPORT-DNAT") others = 1
}
END {
  for (i = 1; i <= c; i++) {
    if (chains[i] ~ /^(KUBE-|FLANNEL-)/) own[chains[i]] = 1
    if (chains[i] ~ /^CNI-HOSTPORT-(DNAT|MASQ|SETMARK)$/ && !others && !had) own[chains[i]] = 1
  }
  for (i = 1; i <= r; i++) {
    if (chain[i] in own || !(named[i] || target[i] in own)) continue
    sub(/^-A/, "-D", rules[i])
    out[++n] = rules[i]
  }
  for (i = 1; i <= c; i++) if (chains[i] in own) out[++n] = "-F " chains[i]
  for (i = 1; i <= c; i++) if (chains[i] in own) out[++n] = "-X " chains[i]
  if (n == 0) exit
  print "*" table
  for (i = 1; i <= n; i++) print out[i]
  print "COMMIT"
}
'
}
