/** Kernel modules that containers need, in the order of loading. */
export const NEEDED_MODULES = ['overlay', 'br_netfilter'] as const;

/** Those that br_netfilter brings along. What uses another stands before it, here and below. */
export const BRIDGE_MODULES = ['bridge', 'stp', 'llc'] as const;

/** What keeps track of connections; it has settings that kube-proxy changes, which end with it. */
export const CONNTRACK = 'nf_conntrack';

/**
 * Those that the kernel loads by itself for the cluster's firewall rules, down to nf_conntrack and what that uses. Each
 * rule counts as a use of its modules, so those that are not in use are nobody's.
 */
export const CONNTRACK_MODULES = [
  ...['xt_MASQUERADE', 'xt_REDIRECT', 'xt_nat', 'xt_connmark', 'xt_conntrack'],
  ...['nft_masq', 'nft_redir', 'nft_nat', 'nft_chain_nat', 'nft_ct', 'nf_conntrack_netlink', 'nf_nat'],
  ...[CONNTRACK, 'nf_defrag_ipv6', 'nf_defrag_ipv4'],
] as const;
