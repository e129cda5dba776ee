import type { Machine } from '../config/cluster.ts';
import type { Failure } from '../lib/failure.ts';

/**
 * What a run ends with, of the machines that were asked for and of those that they need: the error itself where it is the
 * only one and no machine is done, otherwise all of them as one error (exit code SOME_HOSTS_FAILED).
 */
export function failuresError(
  failures: readonly Failure[],
  asked: readonly Pick<Machine, 'name'>[],
): unknown {
  const [first, ...others] = failures.filter(({ blocked }) => blocked !== true);
  const hosts = new Set(failures.map(({ host }) => host));
  if (others.length === 0 && hosts.size >= asked.length) return first?.error;
  return new AggregateError(
    failures.map(({ error }) => error),
    `${hosts.size} of ${new Set([...asked.map(({ name }) => name), ...hosts]).size} machines failed`,
  );
}
