import type { LabContext } from '../../lab/lab.ts';
import type { Run } from '../verb.ts';

/** The options of the lab's verbs, as commander hands them over. */
export interface NameOption {
  readonly name: string;
}

/** What the lab needs of a run. */
export function contextOf({ io, report }: Run): LabContext {
  const { env, home, signal } = io;
  return { env, home, signal, onProgress: (text) => report({ type: 'note', text }) };
}

/** The first columns of a machine in a table. */
export function rowOf({
  name,
  role,
  address,
}: {
  name: string;
  role: string;
  address: string;
}): readonly string[] {
  return [name, role, address];
}
