import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { run, succeeds } from '../../src/lab/run.ts';

describe('run', () => {
  test('resolves with standard output, of input that holds anything', async () => {
    const text = 'a "b" $c\n\nd';
    expect(await run(['cat'], { stdin: text })).toBe(text);
  });

  test('standard input is empty unless given', async () => {
    expect(await run(['cat'])).toBe('');
  });

  test('the environment is added to', async () => {
    expect(await run(['sh', '-c', 'echo "$A:${PATH:+path}"'], { env: { A: 'b' } })).toBe('b:path');
  });

  test('a failure names the command and the last line', async () => {
    await expect(run(['sh', '-c', 'echo out; echo first >&2; echo last >&2; exit 3'])).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: "this machine: exit code 3: sh -c 'echo out; echo first >&2; echo last >&2; exit 3'\nlast",
    });
  });

  test('a signal is told', async () => {
    await expect(run(['sh', '-c', 'kill -9 $$'])).rejects.toMatchObject({
      message: "this machine: ended by SIGKILL: sh -c 'kill -9 $$'",
    });
  });

  test('a program that is not there', async () => {
    await expect(run(['no-such-program-here'])).rejects.toMatchObject({
      code: 'MISSING_REQUIREMENT',
      message: 'this machine has no program no-such-program-here',
    });
  });

  test('the time limit', async () => {
    await expect(run(['sleep', '60'], { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: 'this machine: no end after 0.05 s: sleep 60',
    });
  });

  test("cancelling rejects with the signal's reason", async () => {
    const reason = new Error('stop');
    await expect(run(['sleep', '60'], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const abort = new AbortController();
    setTimeout(() => abort.abort(reason), 50);
    await expect(run(['sleep', '60'], { signal: abort.signal })).rejects.toBe(reason);
  });
});

test('what must not be interrupted comes to its end, away from the terminal', async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error('stop')), 50);
  const line = 'sleep 0.3; echo done; test "$(cut -d " " -f 5 /proc/self/stat)" != "$1" || echo same group';
  const group = readFileSync('/proc/self/stat', 'utf8').split(' ')[4] ?? '';
  const options = { signal: abort.signal, uninterrupted: true };
  expect(await run(['sh', '-c', line, 'sh', group], options)).toBe('done');
  await expect(run(['true'], options)).rejects.toThrow('stop');
});

test('succeeds tells by the exit code, and cancels', async () => {
  expect(await succeeds(['true'])).toBe(true);
  expect(await succeeds(['false'])).toBe(false);
  const reason = new Error('stop');
  await expect(succeeds(['sleep', '60'], AbortSignal.abort(reason))).rejects.toBe(reason);
});
