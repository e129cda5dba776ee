import type { Machine } from '../cluster.ts';
import type { Finding, Keys } from '../issue.ts';
import type { Rule } from './rule.ts';

interface Entry {
  readonly machine: Machine;
  readonly keys: Keys;
}

/** No machine stands in the file twice: not by name, not by address, not by the way ssh reaches it. */
export const uniqueMachines: Rule = ({ masters, nodes }) => {
  const entries: Entry[] = [
    ...masters.map((machine, index) => ({ machine, keys: ['masters', index] })),
    ...nodes.map((machine, index) => ({ machine, keys: ['nodes', index] })),
  ];
  return [
    ...repeated(entries, ['name'], ({ name }) => name),
    ...repeated(entries, ['address'], ({ address }) => address),
    ...repeated(entries, ['ssh', 'host'], ({ ssh }) => `${ssh.host}${ssh.port ? `:${ssh.port}` : ''}`),
  ];
};

function repeated(
  entries: readonly Entry[],
  field: readonly [string, ...string[]],
  keyOf: (machine: Machine) => string | undefined,
): Finding[] {
  const first = new Map<string, Entry>();
  return entries.flatMap((entry) => {
    const value = keyOf(entry.machine);
    if (value === undefined) return [];
    const earlier = first.get(value);
    if (earlier === undefined) {
      first.set(value, entry);
      return [];
    }
    // A repeated name repeats the ssh host as well, which is its default: one message is enough.
    if (field[0] !== 'name' && earlier.machine.name === entry.machine.name) return [];
    const [list, index] = earlier.keys;
    return [
      {
        keys: [...entry.keys, ...field],
        message: `"${value}" is used by ${list}[${index}] already: each machine is listed once`,
      },
    ];
  });
}
