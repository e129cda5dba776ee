import { expect, test } from 'vitest';
import type { Command } from '../../src/host/command.ts';
import { drain } from '../../src/phases/reset/leave.ts';
import { clusterStateOf, stateWith } from '../helpers/cluster-state.ts';
import { FakeHost } from '../helpers/fake-host.ts';

const words = ({ argv }: Command) => argv.join(' ');
const GET = ['get', 'node', 'node-1', '--ignore-not-found', '-o', 'name'];

async function runDrain(master: FakeHost, limitS: number) {
  const state = stateWith('node-1', 'node');
  const clusterState = clusterStateOf(stateWith('master-1', 'master'), state);
  const host = new FakeHost('node-1');
  const signal = new AbortController().signal;
  await drain(limitS).run({
    ...{ ...clusterState, host, leader: master, state, signal },
    ...{ warn: () => {}, progress: () => {} },
  } as never);
}

test('pods have the time that was asked for, and the command a little more', async () => {
  const master = new FakeHost('master-1')
    .on((command) => words(command).endsWith(GET.join(' ')), 'node/node-1\n')
    .on((command) => words(command).includes(' drain node-1 ') && words(command).endsWith('--timeout=900s'));
  await runDrain(master, 900);
  expect(master.calls.at(-1)?.command.timeoutMs).toBe(960_000);
});

test('pods that do not leave are an error that names them, and the node takes pods again', async () => {
  const master = new FakeHost('master-1')
    .on((command) => words(command).endsWith(GET.join(' ')), 'node/node-1\n')
    .on((command) => words(command).includes(' drain node-1 '), {
      exitCode: 1,
      stderr:
        'evicting pod default/web\nCannot evict pod as it would violate its disruption budget: web\nother\n',
    })
    .on((command) => words(command).endsWith('uncordon node-1'));
  const failed = runDrain(master, 30);
  await expect(failed).rejects.toMatchObject({ code: 'TIMED_OUT', host: 'node-1' });
  await expect(failed).rejects.toThrow('would violate its disruption budget: web');
  expect(master.calls.map(({ command }) => words(command)).at(-1)).toContain('uncordon node-1');
});
