import { ETCD_CLIENT_PORT, ETCD_PEER_PORT } from '../cluster/ports.ts';

/** The URL by which kube-apiserver and etcdctl reach the member on that address. */
export const clientUrl = (address: string): string => `https://${address}:${ETCD_CLIENT_PORT}`;

/** A member of etcd's cluster. */
export interface EtcdMember {
  readonly name: string;
  readonly address: string;
}

const peerUrl = ({ address }: EtcdMember): string => `https://${address}:${ETCD_PEER_PORT}`;

/** Values of the etcd image's templates for one of the members that make a new cluster. */
export function etcdValues(
  member: EtcdMember,
  members: readonly EtcdMember[],
): Readonly<Record<string, string>> {
  const { name, address } = member;
  const peer = peerUrl(member);
  return {
    ETCD_NAME: name,
    ETCD_LISTEN_CLIENT_URLS: `https://127.0.0.1:${ETCD_CLIENT_PORT},${clientUrl(address)}`,
    ETCD_ADVERTISE_CLIENT_URLS: clientUrl(address),
    ETCD_LISTEN_PEER_URLS: peer,
    ETCD_INITIAL_ADVERTISE_PEER_URLS: peer,
    ETCD_INITIAL_CLUSTER: members.map((each) => `${each.name}=${peerUrl(each)}`).join(','),
    ETCD_INITIAL_CLUSTER_STATE: 'new',
  };
}
