import { expect, it } from 'vitest';
import { run } from '../../../src/bundle/build/run.ts';
import { temporaryFolder } from '../../helpers/bundle.ts';

it('returns what a program prints, from its folder and with its settings', async () => {
  const cwd = await temporaryFolder();
  expect(await run(['sh', '-c', 'echo "$PWD $SETTING"'], { cwd, env: { SETTING: 'x' } })).toBe(`${cwd} x`);
});

it('fails with the command, the exit code and the last lines of what was said', async () => {
  const saying = 'for i in $(seq 20); do echo "line $i" >&2; done; exit 3';
  const error = (await run(['sh', '-c', saying]).catch((thrown: unknown) => thrown)) as Error;
  expect(error).toMatchObject({ code: 'BUILD_FAILED' });
  expect(error.message).toMatch(/^exit code 3: sh -c '/);
  expect(error.message).toMatch(/line 11\n.*line 20$/s);
  expect(error.message).not.toContain('line 10\n');
});

it('says that a program is not there', async () => {
  await expect(run(['kboot-no-such-program'])).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    message: expect.stringContaining('ENOENT'),
  });
});

it('ends a program at an abort, with the reason of the abort', async () => {
  const controller = new AbortController();
  const running = run(['sleep', '60'], { signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 50);
  await expect(running).rejects.toThrow('enough');
});
