import { expect, it } from 'vitest';
import { etcdValues } from '../../src/etcd/values.ts';

const one = { name: 'm1', address: '10.0.0.1' };
const two = { name: 'm2', address: '10.0.0.2' };

it('gives a member its own addresses, and the whole list of those that begin with it', () => {
  expect(etcdValues(two, [one, two])).toEqual({
    ETCD_NAME: 'm2',
    ETCD_LISTEN_CLIENT_URLS: 'https://127.0.0.1:2379,https://10.0.0.2:2379',
    ETCD_ADVERTISE_CLIENT_URLS: 'https://10.0.0.2:2379',
    ETCD_LISTEN_PEER_URLS: 'https://10.0.0.2:2380',
    ETCD_INITIAL_ADVERTISE_PEER_URLS: 'https://10.0.0.2:2380',
    ETCD_INITIAL_CLUSTER: 'm1=https://10.0.0.1:2380,m2=https://10.0.0.2:2380',
    ETCD_INITIAL_CLUSTER_STATE: 'new',
  });
});
