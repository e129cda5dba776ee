import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ProgressEvent } from '../../../src/bundle/build/progress.ts';
import { keyOf, Steps } from '../../../src/bundle/build/steps.ts';
import { temporaryFolder } from '../../helpers/bundle.ts';

const spec = (inputs: unknown) => ({ name: 'etcd', title: 'Compile etcd', inputs });
const make = (text: string) => (dir: string) => writeFile(join(dir, 'etcd'), text);

async function steps(signal?: AbortSignal) {
  const dir = await temporaryFolder();
  const events: ProgressEvent['state'][] = [];
  return { dir, events, steps: new Steps(dir, ({ state }) => events.push(state), signal) };
}

it('makes a result once for the same inputs, in whatever order their keys stand', async () => {
  const { steps: cached, events } = await steps();
  const first = await cached.run(spec({ a: 1, b: 2 }), make('first'));
  const second = await cached.run(spec({ b: 2, a: 1 }), make('second'));
  expect(second).toBe(first);
  expect(await readFile(join(first, 'etcd'), 'utf8')).toBe('first');
  expect(events).toEqual(['start', 'done', 'skip']);
});

it('makes another result for other inputs, and both stay', async () => {
  const { steps: cached } = await steps();
  const first = await cached.run(spec({ a: 1 }), make('first'));
  const second = await cached.run(spec({ a: 2 }), make('second'));
  expect(keyOf(second)).not.toBe(keyOf(first));
  expect(await readFile(join(first, 'etcd'), 'utf8')).toBe('first');
});

it('leaves nothing of a step that failed, and tries it again', async () => {
  const { steps: cached, events, dir } = await steps();
  const failing = cached.run(spec(1), async (result) => {
    await writeFile(join(result, 'half'), '');
    throw new Error('no space');
  });
  await expect(failing).rejects.toThrow('no space');
  expect(await readdir(join(dir, 'steps'))).toEqual([]);
  await cached.run(spec(1), make('whole'));
  expect(events).toEqual(['start', 'failed', 'start', 'done']);
});

it('takes the result of another build that was faster', async () => {
  const { steps: cached } = await steps();
  const [slow, fast] = await Promise.all([
    cached.run(spec(1), async (dir) => {
      await cached.run(spec(1), make('fast'));
      await make('slow')(dir);
    }),
    Promise.resolve('fast'),
  ]);
  expect(await readFile(join(slow, 'etcd'), 'utf8')).toBe(fast);
});

it('starts nothing after an abort', async () => {
  const { steps: cached } = await steps(AbortSignal.abort(new Error('enough')));
  await expect(cached.run(spec(1), make('never'))).rejects.toThrow('enough');
});

it('sweeps what killed builds left and what nobody used for a month, and nothing else', async () => {
  const { steps: cached, dir } = await steps();
  const kept = await cached.run(spec('kept'), make('kept'));
  const aged = async (name: string, hours: number) => {
    const path = join(dir, 'steps', name);
    await mkdir(path, { recursive: true });
    const then = new Date(Date.now() - hours * 3_600_000);
    await utimes(path, then, then);
  };
  await aged('.unfinished-etcd-abc123', 7);
  await aged('.unfinished-etcd-def456', 1);
  await aged('etcd-old', 24 * 31);
  await aged('etcd-recent', 24 * 29);
  await cached.sweep();
  expect((await readdir(join(dir, 'steps'))).sort()).toEqual(
    ['.unfinished-etcd-def456', 'etcd-recent', keyOf(kept)].sort(),
  );
});

it('counts a result that is used again as used', async () => {
  const { steps: cached } = await steps();
  const result = await cached.run(spec(1), make('x'));
  const then = new Date(Date.now() - 40 * 24 * 3_600_000);
  await utimes(result, then, then);
  await cached.run(spec(1), make('x'));
  await cached.sweep();
  expect(await readdir(result)).toEqual(['etcd']);
});
