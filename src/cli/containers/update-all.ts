import { COMPONENT_NAMES, isComponent } from '../../cluster/components.ts';
import type { Cluster, Machine } from '../../config/cluster.ts';
import { KbootError, messageOf } from '../../lib/errors.ts';
import type { Failure } from '../../lib/failure.ts';
import { UpdatesOfAll } from '../json/documents.ts';
import { jsonDocument } from '../json/json.ts';
import { renderUpdateSummary, type UpdateRow } from '../render/update-summary.ts';
import type { Run, VerbResult } from '../verb.ts';
import { type Change, withMachines } from './change.ts';
import { Images } from './opened-images.ts';
import type { UpdateFlags } from './update-flags.ts';
import { updateMachines } from './update-machines.ts';

/** What others need to run is updated first. */
const placeOf = (name: string): number =>
  isComponent(name) ? COMPONENT_NAMES.indexOf(name) : COMPONENT_NAMES.length;

/**
 * Updates every container of the machines, one after the other; one that fails does not stop the next. Ends with a
 * table of what came of each.
 */
export async function updateAll(
  run: Run,
  cluster: Cluster,
  machines: readonly Machine[],
  flags: UpdateFlags,
): Promise<VerbResult> {
  const images = new Images(run, cluster, flags.insecureRegistry);
  const rows: UpdateRow[] = [];
  const failures: Failure[] = [];
  await withMachines(run, cluster, machines, flags, async ({ session, ...change }) => {
    const all = session.clusterState.states.flatMap(({ containers }) =>
      containers.filter(({ broken }) => broken === undefined).map(({ name }) => name),
    );
    const names = [...new Set(all)].sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
    for (const name of names) {
      run.report({ type: 'note', text: `Checking container ${name}...` });
      // What the update before changed on the machines is known to the next.
      const now = name === names[0] ? session : await session.askAgain();
      const done = await updateOne({ ...change, session: now }, name, images, flags);
      rows.push(...done.rows);
      failures.push(...done.failures);
    }
    failures.push(...session.failures);
  });
  return {
    failures,
    machines,
    output: flags.json ? jsonDocument(UpdatesOfAll, rows) : renderUpdateSummary(rows),
  };
}

async function updateOne(
  change: Change,
  name: string,
  images: Images,
  { prepare, activate, dryRun, runtime, healthTimeout: healthTimeoutS }: UpdateFlags,
): Promise<{ readonly rows: readonly UpdateRow[]; readonly failures: readonly Failure[] }> {
  const states = change.session.clusterState.states.flatMap((state) => {
    const found = state.containers.find((container) => container.name === name);
    return found ? [{ state, found }] : [];
  });
  const only = prepare ? 'prepare' : activate ? 'activate' : undefined;
  const rowOf = (
    host: string,
    before: string,
    rest: Omit<UpdateRow, 'host' | 'name' | 'before'>,
  ): UpdateRow => ({
    ...{ host, name, before },
    ...rest,
  });
  try {
    const { results, failures } = await updateMachines(
      change,
      states.map(({ state }) => state),
      { ...{ name, images, values: {}, only, dryRun, runtime, healthTimeoutS } },
    );
    const rows = states.map(({ state, found: { revision } }) => {
      const result = results.get(state);
      const failed = failures.some(({ host }) => host === state.machine.name);
      if (failed)
        return rowOf(state.machine.name, revision, { after: revision, latest: null, status: 'failed' });
      const after = result?.status === 'updated' ? result.after : revision;
      const status = result?.status ?? 'prepared';
      return rowOf(state.machine.name, revision, { after, latest: result?.after ?? revision, status });
    });
    return { rows, failures };
  } catch (error) {
    if (!(error instanceof KbootError)) throw error;
    change.run.report({ type: 'warning', text: messageOf(error) });
    const status = error.code === 'USAGE' || error.code === 'HOST_UNREACHABLE' ? 'unknown' : 'failed';
    const rows = states.map(({ state, found: { revision } }) =>
      rowOf(state.machine.name, revision, { after: revision, latest: null, status }),
    );
    const failures = states.map(({ state }) => ({ host: state.machine.name, phase: 'update', error }));
    return { rows, failures: status === 'unknown' ? [] : failures };
  }
}
