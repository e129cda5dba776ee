import { readFile } from 'node:fs/promises';

/** The shell blocks below a heading of docs/cluster-care.md, in their order: what a test runs is what people read. */
export async function documentedCommands(heading: string): Promise<readonly string[]> {
  const page = await readFile(new URL('../../docs/cluster-care.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split(`## ${heading}\n`);
  const own = section.split('\n## ')[0] ?? '';
  return [...own.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
}
