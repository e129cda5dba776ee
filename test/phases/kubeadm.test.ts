import { describe, expect, it } from 'vitest';
import { newToken } from '../../src/kubeadm/token.ts';
import { joinToken } from '../../src/phases/join-token.ts';
import { kubeadmInit } from '../../src/phases/kubeadm-init.ts';
import { kubeadmJoin } from '../../src/phases/kubeadm-join.ts';
import { CA_PEM, CA_PIN } from '../fixtures/ca.ts';
import { clusterStateOf, stateWith } from '../helpers/cluster-state.ts';
import type { FakeHost } from '../helpers/fake-host.ts';
import { contextWith } from '../helpers/phase-context.ts';

const FORMER = /^sudo former-transient\.sh /;
const CLEAR = 'sudo remove-empty-files.sh';
const START = /^sudo start-transient\.sh /;
const WAIT = /^sudo wait-for-transient\.sh /;

const BOOTSTRAP =
  'error execution phase kubeconfig: could not bootstrap the admin user in file admin.conf: dial tcp 10.0.0.10:6443: connect: connection refused';

const joinCommand = (token: string) =>
  `kubeadm join master.example.com:6443 --token ${token} \\\n\t--discovery-token-ca-cert-hash ${CA_PIN}\n`;

/** A machine on which kubeadm ends like this, one after the other. */
function kubeadmEnds(host: FakeHost, ...outputs: readonly (readonly [code: number, output: string])[]): void {
  host
    .once(FORMER, 'none')
    .on(FORMER, 'left')
    .on(CLEAR)
    .on(START)
    .on(/^sudo cat .*ca\.crt/, CA_PEM);
  for (const [exitCode, stdout] of outputs) host.once(WAIT, exitCode === 0 ? stdout : { exitCode, stdout });
}

describe('kubeadm init', () => {
  it('gets another try when the API refused a connection, which ignores what the first has left', async () => {
    const context = contextWith();
    kubeadmEnds(context.host, [1, BOOTSTRAP], [0, joinCommand('abcdef.0123456789abcdef')]);
    const trust = await kubeadmInit.run(context);
    expect(context.host.files.get('/run/kboot/init.yaml')?.content).toContain('Port-6443');
    expect(context.told).toEqual(['the API was away for a moment: kubeadm init once more']);
    expect((await trust.token(context.signal)).id).toBe('abcdef');
  });

  it('fails at once for a reason that stays', async () => {
    const context = contextWith();
    kubeadmEnds(context.host, [1, 'error execution phase preflight: x\n\t[ERROR Swap]: swap is on']);
    await expect(kubeadmInit.run(context)).rejects.toThrow('Swap: swap is on');
  });

  it('is given up when the time is over', async () => {
    const context = contextWith();
    const { host } = context;
    host.on(FORMER, 'left').on(CLEAR).on(START).on(WAIT, { exitCode: 1, stdout: BOOTSTRAP });
    const before = context.clock.now();
    await expect(kubeadmInit.run(context)).rejects.toThrow('kubeadm init failed');
    expect(context.clock.now() - before).toBeLessThanOrEqual(600_000);
  });
});

describe('kubeadm join', () => {
  const node = stateWith('node1.example.com', 'node');
  const clusterState = clusterStateOf(stateWith('master.example.com', 'master'), node);

  it('uses a token that is young at each try, and makes the folder that the kubelet watches', async () => {
    const context = contextWith({ clusterState, state: node });
    const made: string[] = [];
    context.made(joinToken, {
      caCertHashes: [CA_PIN],
      token: async () => {
        const token = newToken();
        made.push(token.value.reveal());
        return token;
      },
    });
    context.host.on(/^sudo mkdir -p -m 700 .*\/etc\/kubernetes\/manifests/);
    kubeadmEnds(
      context.host,
      [1, 'error execution phase kubelet-start: etcdserver: request timed out'],
      [0, ''],
    );
    await kubeadmJoin.run(context);
    expect(made).toHaveLength(2);
    expect(context.host.files.get('/run/kboot/join.yaml')?.content).toContain(made[1]);
  });
});
