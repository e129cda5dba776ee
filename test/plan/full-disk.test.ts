import { describe, expect, it } from 'vitest';
import { KbootError } from '../../src/lib/errors.ts';
import { explainFullDisk } from '../../src/plan/full-disk.ts';
import { FakeHost } from '../helpers/fake-host.ts';

const late = new KbootError('TIMED_OUT', 'm: the API does not answer', { host: 'm', hint: 'run it again' });
const disk = (available: number) =>
  new FakeHost('m', {
    'df -Pk /var/lib': `Filesystem 1024-blocks Used Available Capacity Mounted on\ntmpfs 3000000 1 ${available} 99% /var\n`,
  });

describe('a failure on a machine', () => {
  it('whose disk is full says so, and what to do', async () => {
    expect(await explainFullDisk(late, disk(160_000))).toMatchObject({
      code: 'TIMED_OUT',
      message: 'm: the API does not answer',
      host: 'm',
      hint: '/var/lib on m has 160 MB free, too little for the kubelet to start pods: free some space on it, then run it again',
      cause: late,
    });
    const bare = new KbootError('COMMAND_FAILED', 'x');
    expect(await explainFullDisk(bare, disk(0))).toMatchObject({
      hint: expect.stringMatching(/then run the same command again: it goes on where it stopped$/),
    });
  });

  it('stays as it is where there is room, where it says so itself, and where nobody answers', async () => {
    expect(await explainFullDisk(late, disk(600_000))).toBe(late);
    const told = new KbootError('COMMAND_FAILED', 'x', { hint: 'free some space on m' });
    expect(await explainFullDisk(told, new FakeHost('m', {}))).toBe(told);
    expect(await explainFullDisk(late, new FakeHost('m', {}))).toBe(late);
    expect(await explainFullDisk(late, undefined)).toBe(late);
  });

  it('stays as it is when it cannot be the disk', async () => {
    const refused = new KbootError('TRUST_FAILED', 'x');
    expect(await explainFullDisk(refused, new FakeHost('m', {}))).toBe(refused);
    const bug = new TypeError('x');
    expect(await explainFullDisk(bug, new FakeHost('m', {}))).toBe(bug);
  });
});
