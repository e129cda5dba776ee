import { CLUSTER_PATHS, LEDGER, SHARED_DIRS } from '../cluster/paths.ts';
import { type Ledger, ledgerText } from '../facts/ledger.ts';
import { modulesOfCluster } from './modules.ts';
import { everywhere, no, type Phase, type PhaseContext, yes } from './phase.ts';

/** What the machine was like before kboot. */
export function newLedger({ cluster, state, clock }: PhaseContext): Ledger {
  const { facts, machine } = state;
  return {
    version: 1,
    cluster: cluster.name,
    role: machine.role,
    createdAt: new Date(clock.now()).toISOString(),
    sysctls: facts.sysctls,
    kept: [...CLUSTER_PATHS, ...SHARED_DIRS].filter((path) => facts.present.has(path)),
    empty: CLUSTER_PATHS.filter((path) => facts.empty.has(path)),
    links: [...facts.links],
    modules: [...modulesOfCluster(facts)],
  };
}

/** Writes down what was there before the first change, for reset. */
export const baseline: Phase = {
  id: 'baseline',
  title: 'Record what was there before',
  on: everywhere,
  after: [],
  decide: ({ ledger }) => (ledger ? no('the ledger exists') : yes('kboot has not changed this machine yet')),
  async run(context) {
    await context.host.writeFile(LEDGER, ledgerText(newLedger(context)), 0o600, context.signal);
  },
};
