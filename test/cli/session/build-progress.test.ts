import { expect, it } from 'vitest';
import { buildProgress } from '../../../src/cli/session/build-progress.ts';
import type { Event } from '../../../src/lib/events.ts';

it('tells what a build does, and nothing of what was there already', () => {
  const events: Event[] = [];
  const onProgress = buildProgress((event) => events.push(event));
  const etcd = { step: 'etcd', title: 'Compile etcd' };
  const runc = { step: 'runc', title: 'Compile runc' };
  onProgress({ step: 'pause', title: 'Compile pause', state: 'skip', ms: 0 });
  onProgress({ ...etcd, state: 'start', ms: 0 });
  onProgress({ ...etcd, state: 'done', ms: 5 });
  onProgress({ ...runc, state: 'start', ms: 0 });
  onProgress({ ...runc, state: 'failed', ms: 7 });
  onProgress({ step: 'requirements', title: 'installing podman', state: 'note', ms: 0 });
  onProgress({ step: 'packages', title: 'a version is gone', state: 'warning', ms: 0 });
  expect(events).toEqual([
    { type: 'note', text: expect.stringContaining('building the bundle') },
    { type: 'phase-start', phase: 'bundle/etcd', title: 'Compile etcd', host: 'bundle' },
    { type: 'phase-end', phase: 'bundle/etcd', host: 'bundle', ms: 5, ok: true },
    { type: 'phase-start', phase: 'bundle/runc', title: 'Compile runc', host: 'bundle' },
    { type: 'phase-end', phase: 'bundle/runc', host: 'bundle', ms: 7, ok: false },
    { type: 'note', text: 'installing podman' },
    { type: 'warning', text: 'a version is gone' },
  ]);
});
