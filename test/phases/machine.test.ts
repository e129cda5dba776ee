import { describe, expect, it, test } from 'vitest';
import { INITIALISED, JOINED, TABLES_BEFORE } from '../../src/cluster/paths.ts';
import { baseline } from '../../src/phases/baseline.ts';
import { clearBlobs } from '../../src/phases/clear-blobs.ts';
import { kernel } from '../../src/phases/kernel.ts';
import type { Phase } from '../../src/phases/phase.ts';
import { recordFirewall } from '../../src/phases/record-firewall.ts';
import {
  BUNDLE,
  clusterStateOf,
  digestOf,
  EMPTY_LEDGER,
  factsWith,
  LOCK,
  stateWith,
} from '../helpers/cluster-state.ts';
import { contextWith } from '../helpers/phase-context.ts';

type Changed = Parameters<typeof stateWith>[2];

const decide = (phase: Phase, changed: Changed = {}) => {
  const state = stateWith('master.example.com', 'master', changed);
  return phase.decide(state, clusterStateOf(state), BUNDLE);
};

const decides = (phase: Phase, rows: readonly (readonly [string, Changed, boolean, RegExp])[]) =>
  test.each(rows)('%s', (_what, changed, run, because) => {
    expect(decide(phase, changed)).toEqual({ run, because: expect.stringMatching(because) });
  });

describe('what was there before', () => {
  decides(baseline, [
    ['is recorded on a machine that kboot has not changed yet', {}, true, /not changed this machine/],
    ['is not recorded again', { ledger: EMPTY_LEDGER }, false, /ledger exists/],
  ]);

  it('is written for root alone, with what reset has to know', async () => {
    const state = stateWith('master.example.com', 'master', {
      facts: factsWith({
        present: new Set(['/etc/cni', '/etc/ssl', '/home']),
        empty: new Set(['/etc/cni']),
        links: ['lo', 'eth0'],
      }),
    });
    const context = contextWith({ clusterState: clusterStateOf(state) });
    await baseline.run(context);
    expect(context.host.transcript).toEqual(['w 0600 /var/lib/kboot/ledger.json']);
    expect(JSON.parse(context.host.files.get('/var/lib/kboot/ledger.json')?.content ?? '')).toMatchObject({
      version: 1,
      role: 'master',
      kept: ['/etc/cni', '/etc/ssl'],
      empty: ['/etc/cni'],
      links: ['lo', 'eth0'],
    });
  });
});

describe('the kernel', () => {
  const bare = { overlay: 'absent', br_netfilter: 'absent' } as const;
  decides(kernel, [
    ['is left alone where it is as needed', {}, false, /forwards packets and has its modules/],
    ['forwards packets afterwards', { facts: factsWith({ ipForward: false }) }, true, /ip_forward is 0/],
    ['gets its modules', { facts: factsWith({ kernelModules: bare }) }, true, /^not loaded: .*br_netfilter/],
  ]);

  it('is set now and for the next boot', async () => {
    const state = stateWith('master.example.com', 'master', {
      facts: factsWith({ ipForward: false, kernelModules: bare }),
    });
    const context = contextWith({ clusterState: clusterStateOf(state) });
    context.host.on(/^sudo prepare-kernel\.sh /);
    await kernel.run(context);
    expect(context.host.transcript.slice(0, 2)).toEqual([
      'w 0644 /etc/modules-load.d/kboot.conf',
      'w 0644 /etc/sysctl.d/90-kboot.conf',
    ]);
    expect(context.host.files.get('/etc/sysctl.d/90-kboot.conf')?.content).toBe('net.ipv4.ip_forward = 1\n');
    expect(context.host.files.get('/etc/modules-load.d/kboot.conf')?.content).toContain('br_netfilter\n');
    expect(context.host.calls.at(-1)?.command.argv.slice(-2)).toEqual([
      '0',
      expect.stringContaining('br_netfilter'),
    ]);
  });

  it('gets no file for what it has already', async () => {
    const context = contextWith();
    context.host.on(/^sudo prepare-kernel\.sh /);
    await kernel.run(context);
    expect(context.host.files.size).toBe(0);
  });
});

describe('the firewall', () => {
  const present = (path: string): Changed => ({ facts: factsWith({ present: new Set([path]) }) });
  decides(recordFirewall, [
    ['is recorded before the cluster touches it', {}, true, /not touched it yet/],
    ['is not recorded twice', present(TABLES_BEFORE), false, /recorded before/],
    ['is not recorded on a master that runs', present(INITIALISED), false, /recorded before/],
    ['is not recorded on a node that runs', present(JOINED), false, /recorded before/],
  ]);

  it('is recorded by one command of root', async () => {
    const context = contextWith();
    context.host.on(/^sudo record-firewall\.sh /);
    await recordFirewall.run(context);
    expect(context.host.transcript).toEqual([
      `! sudo record-firewall.sh ${TABLES_BEFORE} /var/lib/containers/atomic/kubelet/rootfs`,
    ]);
  });
});

describe('the sent blobs', () => {
  const all = {
    images: Object.fromEntries(LOCK.images.map(({ name, manifest }) => [name, manifest.digest])),
  };
  const containers = LOCK.images
    .filter(({ kind }) => kind === 'system')
    .map(({ name, manifest }) => ({
      name: name.replace(/^kboot\/(.*):.*$/, '$1'),
      revision: manifest.digest.slice('sha256:'.length),
    })) as never;
  decides(clearBlobs, [
    ['are cleared away once everything is in place', {}, true, /nothing needs them/],
    ['are none where everything is in place', { containers, facts: factsWith(all) }, false, /there are none/],
    [
      'are cleared away where a killed run left some',
      { containers, facts: factsWith({ ...all, staged: new Map([[digestOf('1'), 1]]) }) },
      true,
      /nothing needs them/,
    ],
  ]);

  it('go with their folder', async () => {
    const context = contextWith();
    context.host.on(/^sudo rm -rf/);
    await clearBlobs.run(context);
    expect(context.host.transcript).toEqual(['! sudo rm -rf /var/lib/kboot/blobs/sha256']);
  });
});
