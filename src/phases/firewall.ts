import { CHECKOUT_ROOT, TABLES_BEFORE } from '../facts/paths.ts';

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

/** Chains of kube-proxy and the kubelet, of the CNI plugins, and of flannel. Nothing else is ever touched. */
const OURS = '(KUBE-|CNI-|FLANNEL-)';

/**
 * Takes the cluster's rules out of each table in one transaction: the jumps from chains of others, then the
 * chains. Tables and chains of iptables that were not there before and are empty now go as well.
 */
export const CLEAN_FIREWALL = `${TOOL}${LIST}
[ -d ${ROOTFS} ] || exit 0
for family in iptables ip6tables; do
  for table in filter nat mangle raw; do
    tool "$family-save" -t "$table" 2>/dev/null | awk -v table="$table" '
      /^:${OURS}/ { name = substr($1, 2); chains[++n] = name; next }
      /^-A / && $2 !~ /^${OURS}/ && / -[jg] ${OURS}/ { sub(/^-A/, "-D"); jumps[++m] = $0 }
      END {
        if (n + m == 0) exit
        print "*" table
        for (i = 1; i <= m; i++) print jumps[i]
        for (i = 1; i <= n; i++) print "-F " chains[i]
        for (i = 1; i <= n; i++) print "-X " chains[i]
        print "COMMIT"
      }' > /run/kboot/firewall
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
    'filter '* | 'nat '* | 'mangle '* | 'raw '*)
      # Its table may be gone already, when that was empty too.
      tool nft list chain "$family" "$table" "$chain" 2>/dev/null > /run/kboot/chain || continue
      if is_empty < /run/kboot/chain; then tool nft delete chain "$family" "$table" "$chain"; fi ;;
  esac
done
rm -f /run/kboot/chain
`;
