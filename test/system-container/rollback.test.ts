import { describe, expect, test } from 'vitest';
import { DEFAULT_HEALTH_TIMEOUT_S } from '../../src/system-container/image/manifest.ts';
import { rollbackSystemContainer } from '../../src/system-container/rollback.ts';
import { activateSystemContainer, updateSystemContainer } from '../../src/system-container/update.ts';
import { FakeHost } from '../helpers/fake-host.ts';
import { COMMON, imageWith, isApply, isList, OLD, ROOT, there } from './updating.ts';

describe('what is not there', () => {
  test.each([
    ['link\tother\tother.0\n', "System container 'test' is not installed"],
    ['link\ttest\ttest.0\nfolder\ttest.0\t-\t-\t-\n', 'has no readable info'],
  ])('cannot be updated, rolled back or activated', async (state, message) => {
    const image = await imageWith();
    const host = () => new FakeHost().on(isList, state);
    await expect(updateSystemContainer(host(), { image, ...COMMON })).rejects.toThrow(message);
    await expect(rollbackSystemContainer(host(), 'test')).rejects.toThrow(message);
    await expect(activateSystemContainer(host(), 'test')).rejects.toThrow(message);
  });

  test.each<[string, Parameters<typeof there>[1], string]>([
    [
      'no other deployment',
      undefined,
      `Error: Cannot find a previous deployment to rollback located at ${ROOT}/test.1`,
    ],
    ['only a prepared one', { info: OLD, prepared: true }, 'Error: Cannot find a previous deployment'],
    ['a damaged one', {}, `The previous checkout at ${ROOT}/test.1 may be corrupted.`],
  ])('%s: there is nothing to go back to', async (_title, other, message) => {
    const host = new FakeHost().on(isList, there(OLD, other));
    await expect(rollbackSystemContainer(host, 'test')).rejects.toThrow(message);
  });

  test('nothing prepared: there is nothing to switch to', async () => {
    const host = new FakeHost().on(isList, there(OLD, { info: OLD }));
    await expect(activateSystemContainer(host, 'test')).rejects.toThrow('no deployment of test is prepared');
  });
});

test('a rollback goes by what the other deployment recorded, and renders nothing', async () => {
  const other = {
    info: {
      ...OLD,
      revision: 'older',
      'host-files': [{ path: '/opt/a', kind: 'copy', mode: 0o600, source: 'expanded/0', checksum: 'aa' }],
      'health-check': ['true', 'two words'],
    },
  };
  const host = new FakeHost().on(isList, there(OLD, other)).on(isApply, 'away\t300\n');
  expect(await rollbackSystemContainer(host, 'test')).toEqual({
    ...{ name: 'test', deployment: `${ROOT}/test.1`, before: 'old', after: 'older', downtimeMs: 300 },
    messages: [
      'Attempting to roll back system container: test',
      `Rolling back container test to the checkout at ${ROOT}/test.1`,
    ],
  });
  const { command, stdin = '' } = host.calls.at(-1) ?? {};
  expect(command?.argv.slice(4, 9).map((word) => word.trim())).toEqual([ROOT, 'test', '1', '0', 'switch']);
  expect(stdin).toContain(`copy\t600\t${ROOT}/test.1/expanded/0\t-\taa\t/opt/a\n`);
  expect(stdin).toContain('true\0two words\0');
});

test('the time that a service may take to become healthy can be given instead of what its images say', async () => {
  const other = { info: { ...OLD, revision: 'older', 'health-check': ['true'], 'health-timeout': 7 } };
  const host = new FakeHost().on(isList, there(OLD, other)).on(isApply, 'away\t300\n');
  const timeouts = () => {
    const { command, stdin = '' } = host.calls.at(-1) ?? {};
    return { texts: [...stdin.matchAll(/\0(\d+)\n(?=\0)/g)].map(([, text]) => text), command };
  };
  await rollbackSystemContainer(host, 'test');
  const usual = timeouts();
  expect(usual.texts).toContain('7');
  await rollbackSystemContainer(host, 'test', { healthTimeoutS: 900 });
  const given = timeouts();
  expect(given.texts.filter((text) => text === '900')).toHaveLength(2);
  expect(given.texts).not.toContain('7');
  // The command itself must outlast the way there and the way back.
  const images = 7 + DEFAULT_HEALTH_TIMEOUT_S;
  expect((given.command?.timeoutMs ?? 0) - (usual.command?.timeoutMs ?? 0)).toBe((2 * 900 - images) * 1000);
});
