import { ADMIN_CONF, INITIALISED, JOINED, RUN_DIR } from '../cluster/paths.ts';
import { remoteScript } from '../host/remote-script.ts';
import { deleteToken, leftTokens } from '../kubeadm/cluster-tokens.ts';
import { newLedger } from './baseline.ts';
import { everywhere, isLeader, no, type Phase, yes } from './phase.ts';
import { putBack } from './put-back.ts';
import { kubeadmUnit } from './run-kubeadm.ts';
import { trust } from './trust.ts';

/** Takes away what must not outlive a run: kboot's tokens, and kubeadm's configuration and output. */
export const sweep: Phase = {
  id: 'sweep',
  title: 'Take tokens and secrets away',
  on: everywhere,
  after: [],
  always: true,
  decide: (state, clusterState) => {
    const { facts, machine } = state;
    const left = [...state.leftTokens, ...facts.runFiles];
    if (left.length > 0) return yes(`left by an earlier run: ${left.join(', ')}`);
    const done = facts.present.has(machine.role === 'master' ? INITIALISED : JOINED);
    const tokenMade =
      isLeader(state, clusterState) &&
      clusterState.states.some(({ facts: { present } }) => !present.has(JOINED) && !present.has(INITIALISED));
    return done && !tokenMade ? no('nothing was left') : yes('this run makes some');
  },
  async run(context) {
    const { host, state, clusterState, signal } = context;
    // While kubeadm still runs (a dropped connection), its files belong to it; the next run sweeps them.
    const units = (['init', 'join'] as const).map((verb) => `${kubeadmUnit(verb)}.service`);
    const { stdout } = await host.query(remoteScript('phases/active-units', ...units), signal);
    if (stdout.split('\n').includes('active')) return;
    await host.change({ ...remoteScript('phases/sweep', RUN_DIR), sudo: true }, signal);
    // What was sent to a machine that did not find its cluster is taken back. After Ctrl-C the next run goes on with it.
    if (context.hasFailed(trust) && !state.ledger) {
      for (const note of await putBack(host, newLedger(context), signal)) context.warn(note);
    }
    if (!isLeader(state, clusterState)) return;
    const admin = await host.query({ ...remoteScript('phases/has-file', ADMIN_CONF), sudo: true }, signal);
    if (admin.stdout.trim() !== 'yes') return;
    for (const id of await leftTokens(host, signal)) await deleteToken(host, id, signal);
  },
};
