import { CHECKOUT_ROOT, STATE_DIR } from '../facts/paths.ts';

/** The firewall's tables before the cluster, one `family name` a line. */
export const TABLES_BEFORE = `${STATE_DIR}/nft-tables`;

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

/** Writes down the tables that exist, once, before the kubelet and kube-proxy make theirs. */
export const RECORD_TABLES = `${TOOL}
[ -e ${TABLES_BEFORE} ] || tool nft list tables 2>/dev/null | sed 's/^table //' > ${TABLES_BEFORE} || true
`;

/** Chains of kube-proxy and the kubelet, of the CNI plugins, and of flannel. Nothing else is ever touched. */
const OURS = '(KUBE-|CNI-|FLANNEL-)';

/**
 * Takes the cluster's rules out of each table in one transaction: the jumps from chains of others, then the
 * chains. Tables of iptables that were not there before and are empty now go as well.
 */
export const CLEAN_FIREWALL = `${TOOL}
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
tool nft list tables 2>/dev/null | sed 's/^table //' | while read -r family name; do
  grep -qx "$family $name" ${TABLES_BEFORE} 2>/dev/null && continue
  case "$name" in
    kube-proxy) tool nft delete table "$family" "$name" ;;
    filter | nat | mangle | raw)
      tool nft list table "$family" "$name" |
        awk '$1 ~ /^(table|chain|type|}|#)$/ || NF == 0 { next } { found = 1 } END { exit !found }' ||
        tool nft delete table "$family" "$name" ;;
  esac
done
`;
