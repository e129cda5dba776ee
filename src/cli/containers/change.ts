import type { z } from 'zod';
import { NO_BUNDLE } from '../../bundle/none.ts';
import type { Cluster, Machine } from '../../config/cluster.ts';
import { KbootError } from '../../lib/errors.ts';
import { escapeLine } from '../../lib/escape.ts';
import type { Failure } from '../../lib/failure.ts';
import type { Phase } from '../../phases/phase.ts';
import type { Session } from '../../session/session.ts';
import type { MachineState } from '../../session/state.ts';
import { jsonDocument } from '../json/json.ts';
import { renderPlan } from '../render/plan.ts';
import { type Applied, applyRecipe } from '../session/apply.ts';
import { warnOfCertificates } from '../session/certificates.ts';
import { sessionFor } from '../session/session.ts';
import type { Run, VerbResult } from '../verb.ts';

/** A verb's work on machines that are connected and locked. */
export interface Change {
  readonly run: Run;
  readonly cluster: Cluster;
  readonly machines: readonly Machine[];
  readonly session: Session;
}

/** Connects to the machines, locks them unless it is a dry run, calls `task`, and lets go of them whatever happens. */
export async function withMachines<T>(
  run: Run,
  cluster: Cluster,
  machines: readonly Machine[],
  { dryRun }: { readonly dryRun: boolean },
  task: (change: Change) => Promise<T>,
): Promise<T> {
  await using session = await sessionFor(run, cluster, machines, { needsMaster: false, dryRun });
  for (const { machine, facts } of session.clusterState.states) warnOfCertificates(run, machine.name, facts);
  return await task({ run, cluster, machines, session });
}

/** What came of steps on the machines that were reached. */
interface AppliedSteps {
  readonly failures: readonly Failure[];
  /** The plan's text, of a dry run. */
  readonly planned?: string | undefined;
}

/** Carries steps out on all machines, or only shows them: then the text of the plan comes back. */
export async function applySteps(
  { run, session }: Change,
  steps: readonly Phase[],
  { dryRun }: { readonly dryRun: boolean },
): Promise<AppliedSteps & Pick<Applied, 'outcomes'>> {
  const applied = await applyRecipe(run, session, steps, NO_BUNDLE, { dryRun, check: false });
  // Machines that were not reached have failed once, not once for each step: resultOf() counts them.
  const failures = applied.failures.filter((failure) => !session.failures.includes(failure));
  return { failures, outcomes: applied.outcomes, planned: dryRun ? renderPlan(applied.plan) : undefined };
}

/** Where a container is installed at all. Throws REFUSED when that is nowhere, or not where it was asked for. */
export function requireSomewhere(
  { session, machines }: Change,
  name: string,
  asked: readonly string[],
): readonly MachineState[] {
  const states = session.clusterState.states;
  const having = states.filter(({ containers }) => containers.some((found) => found.name === name));
  const without = states.filter((state) => !having.includes(state));
  const missing = asked.length > 0 ? without : having.length === 0 ? without : [];
  if (missing.length > 0 && (asked.length > 0 || machines.length === states.length)) {
    const where = missing.map(({ machine }) => machine.name).join(', ');
    throw new KbootError('REFUSED', `${where}: System container '${name}' is not installed`, {
      hint: 'kboot containers list -a shows what is',
    });
  }
  return having;
}

/** The results in the order of the machines, as text or as that JSON document, and what failed; of a dry run the plan. */
export function resultOf<T extends { readonly messages: readonly string[] }>(
  { machines, session }: Change,
  { failures, planned }: AppliedSteps,
  results: ReadonlyMap<MachineState, T | undefined>,
  document: z.ZodType<unknown, readonly (T & { readonly host: string })[]> | undefined,
): VerbResult {
  if (planned !== undefined) return { output: planned };
  const rows = session.clusterState.states.flatMap((state) => {
    const result = results.get(state);
    return result ? [{ host: state.machine.name, ...result }] : [];
  });
  const output = document
    ? jsonDocument(document, rows)
    : rows
        .flatMap(({ host, messages }) =>
          messages.map((line) => `${prefix(host, machines)}${escapeLine(line)}\n`),
        )
        .join('');
  return { output, machines, failures: [...session.failures, ...failures] };
}

/** With one machine it is clear whose line it is. */
const prefix = (host: string, machines: readonly Machine[]): string =>
  machines.length === 1 ? '' : `${host}: `;
