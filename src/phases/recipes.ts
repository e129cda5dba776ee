import { baseline } from './baseline.ts';
import { certificates } from './certificates.ts';
import { clearBlobs } from './clear-blobs.ts';
import { etcd, etcdStart } from './etcd.ts';
import { flannel } from './flannel.ts';
import { importFirst, importRest } from './import.ts';
import { joinToken } from './join-token.ts';
import { kernel } from './kernel.ts';
import { kubeadmInit } from './kubeadm-init.ts';
import { kubeadmJoin } from './kubeadm-join.ts';
import { kubelet } from './kubelet.ts';
import { nodeRuntime } from './node-runtime.ts';
import type { Phase } from './phase.ts';
import { clusterReady, nodeReady } from './ready.ts';
import { recordFirewall } from './record-firewall.ts';
import { sendFirst, sendRest, sendSystem } from './send.ts';
import { sweep } from './sweep.ts';
import { trust } from './trust.ts';
import { verifyToken } from './verify-token.ts';

/** What makes a machine able to run pods: the same for masters and nodes. */
const MACHINE = [
  ...[baseline, kernel, sendSystem, sendFirst, sendRest],
  ...[nodeRuntime, kubelet, recordFirewall, importFirst, importRest],
] as const;

/** kboot init, on the first master. */
export const INIT: readonly Phase[] = [
  ...MACHINE,
  ...[certificates, etcd, etcdStart, kubeadmInit, verifyToken, flannel, clusterReady, clearBlobs, sweep],
];

/** kboot join, on the new nodes and the first master. */
export const JOIN: readonly Phase[] = [
  joinToken,
  ...MACHINE.map((phase): Phase => ({ ...phase, on: ({ machine }) => machine.role === 'node' })),
  ...[trust, kubeadmJoin, nodeReady, clearBlobs, sweep],
];
