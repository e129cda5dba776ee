const CLIENT_PORT = 2379;
const PEER_PORT = 2380;

/** The URL by which kube-apiserver and etcdctl reach the member on that address. */
export const clientUrl = (address: string): string => `https://${address}:${CLIENT_PORT}`;

/** Values of the etcd image's templates for the first member of a new cluster. */
export function etcdValues(name: string, address: string): Readonly<Record<string, string>> {
  const peer = `https://${address}:${PEER_PORT}`;
  return {
    ETCD_NAME: name,
    ETCD_LISTEN_CLIENT_URLS: `https://127.0.0.1:${CLIENT_PORT},${clientUrl(address)}`,
    ETCD_ADVERTISE_CLIENT_URLS: clientUrl(address),
    ETCD_LISTEN_PEER_URLS: peer,
    ETCD_INITIAL_ADVERTISE_PEER_URLS: peer,
    ETCD_INITIAL_CLUSTER: `${name}=${peer}`,
    ETCD_INITIAL_CLUSTER_STATE: 'new',
  };
}
