import { describe, expect, it } from 'vitest';
import { UNPACKING } from '../../src/bundle/import.ts';
import { blobsOf } from '../../src/bundle/select.ts';
import { INITIALISED, JOINED } from '../../src/cluster/paths.ts';
import type { Ledger } from '../../src/facts/ledger.ts';
import { INIT, JOIN } from '../../src/phases/recipes.ts';
import { RESET, removal } from '../../src/phases/reset/recipes.ts';
import { changesOf, makePlan, prerequisites } from '../../src/plan/plan.ts';
import {
  BUNDLE,
  clusterStateOf,
  EMPTY_LEDGER,
  factsWith,
  LOCK,
  stateWith,
} from '../helpers/cluster-state.ts';

const hex = (digest: string): string => digest.slice('sha256:'.length);
const images = Object.fromEntries(LOCK.images.map(({ name, manifest }) => [name, manifest.digest]));
const containers = (names: readonly string[]) =>
  names.map((name) => {
    const image = LOCK.images.find((candidate) => candidate.name.startsWith(`kboot/${name}:`));
    return { name, revision: hex(image?.manifest.digest ?? '') } as never;
  });
const ledgerFor = (role: Ledger['role']): Ledger => ({ ...EMPTY_LEDGER, role });

const freshMaster = stateWith('master.example.com', 'master');
const doneMaster = stateWith('master.example.com', 'master', {
  facts: factsWith({
    images,
    present: new Set([INITIALISED, '/etc/cni/net.d/10-flannel.conflist']),
    active: new Set(['containerd.service', 'etcd.service', 'kubelet.service']),
  }),
  containers: containers(['node-runtime', 'etcd', 'kubelet']),
  ledger: ledgerFor('master'),
});
const freshNode = stateWith('node1.example.com', 'node');
const doneNode = stateWith('node2.example.com', 'node', {
  facts: factsWith({ images, present: new Set([JOINED]), active: new Set(['containerd.service']) }),
  containers: containers(['node-runtime', 'kubelet']),
  ledger: ledgerFor('node'),
});

const changed = (recipe: typeof INIT, ...states: Parameters<typeof clusterStateOf>) =>
  changesOf(makePlan(recipe, clusterStateOf(...states), BUNDLE)).map(
    ({ phase, state }) => `${state.machine.name}: ${phase.id}`,
  );

describe('init', () => {
  it('does everything on a fresh machine that needs it', () => {
    expect(changed(INIT, freshMaster).map((line) => line.replace('master.example.com: ', ''))).toEqual([
      ...['baseline', 'send-system', 'send-first', 'send-rest', 'node-runtime', 'kubelet', 'record-firewall'],
      ...['import-first', 'import-rest', 'certificates', 'etcd', 'etcd-start', 'kubeadm-init', 'flannel'],
      ...['clear-blobs', 'sweep'],
    ]);
  });

  it('changes nothing on a machine where it is done', () => {
    expect(changed(INIT, doneMaster)).toEqual([]);
  });

  it('sweeps what a killed run left, and nothing else', () => {
    expect(changed(INIT, { ...doneMaster, leftTokens: ['abcdef'] })).toEqual(['master.example.com: sweep']);
  });

  it('takes away the names of images whose import was cut off at its end', () => {
    const [image] = LOCK.images.filter(({ kind }) => kind === 'pod');
    if (!image) throw new Error('no pod image');
    const facts = {
      ...doneMaster.facts,
      images: { ...images, [`${UNPACKING}${image.name}`]: image.manifest.digest },
      contents: new Set(blobsOf([image]).map(({ digest }) => hex(digest))),
    };
    expect(changed(INIT, { ...doneMaster, facts })).toEqual([
      'master.example.com: import-first',
      'master.example.com: clear-blobs',
    ]);
  });

  it('goes on after etcd', () => {
    const stopped = stateWith('master.example.com', 'master', {
      ...doneMaster,
      facts: factsWith({ images, active: new Set(['containerd.service', 'etcd.service']) }),
    });
    expect(changed(INIT, stopped)).toEqual([
      'master.example.com: record-firewall',
      'master.example.com: certificates',
      'master.example.com: kubeadm-init',
      'master.example.com: flannel',
      'master.example.com: sweep',
    ]);
  });
});

describe('reset', () => {
  it('takes the nodes that are named away, and nothing of the master that is asked', () => {
    const lines = changed(removal(120), doneMaster, doneNode);
    expect(lines.filter((line) => line.startsWith('master'))).toEqual([]);
    expect(lines.map((line) => line.replace('node2.example.com: ', ''))).toEqual([
      ...['drain', 'remove-node', 'stop', 'clean-network', 'uninstall', 'restore'],
    ]);
  });

  it('changes nothing on a machine that kboot never changed', () => {
    expect(changed(RESET, freshMaster, freshNode)).toEqual([]);
  });
});

describe('join', () => {
  it('touches the new node, and the master for its token', () => {
    const lines = changed(JOIN, doneMaster, freshNode, doneNode);
    expect(lines.filter((line) => line.startsWith('node2'))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('master'))).toEqual([
      'master.example.com: join-token',
      'master.example.com: sweep',
    ]);
    expect(lines).toContain('node1.example.com: kubeadm-join');
  });

  it('changes nothing when everybody has joined', () => {
    expect(changed(JOIN, doneMaster, doneNode)).toEqual([]);
  });

  it('lets a node wait for the token, which the master makes', () => {
    const plan = makePlan(JOIN, clusterStateOf(doneMaster, freshNode), BUNDLE);
    const trust = plan.steps.find(({ phase }) => phase.id === 'trust');
    if (!trust) throw new Error('no step trust');
    expect(
      (prerequisites(plan).get(trust) ?? []).map(({ phase, state }) => `${state.machine.name}: ${phase.id}`),
    ).toEqual(['node1.example.com: send-system', 'master.example.com: join-token']);
  });
});
