import { labDown } from '../../lab/lab.ts';
import type { Run, VerbResult } from '../verb.ts';
import { contextOf, type NameOption } from './shared.ts';

export interface DownOptions extends NameOption {
  readonly image: boolean;
}

/** `kboot lab down` */
export async function runLabDown(run: Run, { name, image }: DownOptions): Promise<VerbResult> {
  run.report({ type: 'run-start', verb: 'lab down', hosts: [] });
  const { machines, keptClusterFile, keptImages } = await labDown(name, { image }, contextOf(run));
  if (machines.length === 0) run.report({ type: 'note', text: `lab ${name} was not up` });
  if (keptClusterFile !== undefined)
    run.report({ type: 'note', text: `${keptClusterFile} was changed since lab up wrote it, and is kept` });
  for (const kept of keptImages)
    run.report({ type: 'note', text: `${kept}: another lab runs it, and it is kept` });
  return {};
}
