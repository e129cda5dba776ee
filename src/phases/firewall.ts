import { CHECKOUT_ROOT, TABLES_BEFORE } from '../cluster/paths.ts';

const ROOTFS = `${CHECKOUT_ROOT}/kubelet/rootfs`;

/**
 * A shell function that runs a program of the kubelet's image: the machine itself needs no iptables. The mount
 * namespace is its own, so /proc of the rootfs is gone with the program.
 */
const TOOL = `
tool() {
  unshare --mount --propagation private sh -c '
    rootfs=$1
    shift
    mount -t proc proc "$rootfs/proc"
    exec chroot "$rootfs" "$@"
  ' kboot ${ROOTFS} "$@"
}
`;

/** Prints the firewall's tables and chains, as they stand in TABLES_BEFORE. */
const LIST = `
list() {
  tool nft list chains 2>/dev/null |
    awk '$1 == "table" { table = $2 " " $3; print table } $1 == "chain" { print table, $2 }'
}
`;

/** Writes down the tables and chains that exist, once, before the kubelet and kube-proxy make theirs. */
export const RECORD_TABLES = `${TOOL}${LIST}
[ -e ${TABLES_BEFORE} ] || { list > ${TABLES_BEFORE}.new && mv ${TABLES_BEFORE}.new ${TABLES_BEFORE}; }
`;

/** Chains of kube-proxy and the kubelet, and of flannel. */
const OURS = '(KUBE-|FLANNEL-)';

/**
 * Reads iptables-save of one table and prints what takes the cluster's rules out of it: the jumps from chains of others,
 * then the chains. Rules of CNI's plugins name their network in a comment: those of the cluster's (cbr0) go, with the
 * chains that they lead to. The chains of ports that all networks share go with the last of them, unless \`had\` says
 * that they were there before. Nothing else is ever touched.
 */
export const UNDO = `
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
    if (chains[i] ~ /^${OURS}/) own[chains[i]] = 1
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
`;

/**
 * Takes the cluster's rules out of each table in one transaction. Tables, and chains of iptables itself, that were not
 * there before and are empty now go as well.
 */
export const CLEAN_FIREWALL = `${TOOL}${LIST}
[ -d ${ROOTFS} ] || exit 0
had=$(grep -c ' CNI-HOSTPORT-DNAT$' ${TABLES_BEFORE} 2>/dev/null) || had=\${had:-0}
for family in iptables ip6tables; do
  for table in filter nat mangle raw; do
    tool "$family-save" -t "$table" 2>/dev/null | awk -v table="$table" -v had="$had" '${UNDO}' > /run/kboot/firewall
    [ -s /run/kboot/firewall ] && tool "$family-restore" --noflush < /run/kboot/firewall
    rm -f /run/kboot/firewall
  done
done
is_empty() {
  awk '$1 ~ /^(table|chain|}|#)$/ || NF == 0 || /^[ \\t]*type .*policy accept;$/ { next } { found = 1 } END { exit found }'
}
list | while read -r family table chain; do
  grep -qx "$family $table\${chain:+ $chain}" ${TABLES_BEFORE} 2>/dev/null && continue
  case "$table $chain" in
    'kube-proxy ') tool nft delete table "$family" "$table" ;;
    'filter ' | 'nat ' | 'mangle ' | 'raw ')
      if tool nft list table "$family" "$table" | is_empty; then tool nft delete table "$family" "$table"; fi ;;
    *' INPUT' | *' FORWARD' | *' OUTPUT' | *' PREROUTING' | *' POSTROUTING')
      case $table in filter | nat | mangle | raw) ;; *) continue ;; esac
      # Its table may be gone already, when that was empty too.
      tool nft list chain "$family" "$table" "$chain" 2>/dev/null > /run/kboot/chain || continue
      if is_empty < /run/kboot/chain; then tool nft delete chain "$family" "$table" "$chain"; fi ;;
  esac
done
rm -f /run/kboot/chain
`;
