import { CommandError } from '../../host/command-error.ts';
import { KbootError } from '../../lib/errors.ts';
import { kubectl } from '../kubectl.ts';
import { isNode, no, type Phase, yes } from '../phase.ts';
import { wasChanged } from './changed.ts';

/** kubectl's own time beside that which pods take to leave. */
const SLACK_S = 60;

/** Moves the pods of one node elsewhere, within so many seconds. */
export const drain = (limitS: number): Phase => ({
  id: 'drain',
  title: 'Move its pods elsewhere',
  on: isNode,
  after: [],
  decide: wasChanged,
  async run({ leader, state, signal }) {
    const { name } = state.machine;
    const known = await leader.query(
      kubectl('get', 'node', name, '--ignore-not-found', '-o', 'name'),
      signal,
    );
    if (known.stdout.trim() === '') return;
    const limit = `--timeout=${limitS}s`;
    try {
      await leader.change(
        {
          ...kubectl('drain', name, '--ignore-daemonsets', '--delete-emptydir-data', '--force', limit),
          timeoutMs: (limitS + SLACK_S) * 1000,
        },
        signal,
      );
    } catch (cause) {
      await leader.change(kubectl('uncordon', name), signal).catch(() => {});
      if (!(cause instanceof CommandError)) throw cause;
      const blocked = cause.stderr.split('\n').filter((line) => /disruption budget|evict/i.test(line));
      throw new KbootError(
        'TIMED_OUT',
        `${name}: its pods did not leave it\n${blocked.slice(-5).join('\n')}`,
        {
          cause,
          host: name,
          hint: `make room for them or change their PodDisruptionBudget; the node takes pods again. With --drain-timeout kboot waits longer, with --force not at all`,
        },
      );
    }
  },
});

/** Takes the node out of the cluster, once this phase is over. */
export const removeNode = (drained: Phase): Phase => ({
  id: 'remove-node',
  title: 'Remove it from the cluster',
  on: isNode,
  after: [drained],
  decide: (state) => (state.ledger ? yes('kboot joined it') : no('it never joined')),
  async run({ leader, state, signal }) {
    await leader.change(kubectl('delete', 'node', state.machine.name, '--ignore-not-found'), signal);
  },
});
