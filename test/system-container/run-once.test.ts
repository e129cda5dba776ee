import { expect, test } from 'vitest';
import { outcomeIn } from '../../src/system-container/run-once.ts';
import { expectRightOrClear } from '../helpers/hostile.ts';

test('the exit status stands behind what the program printed', () => {
  expect(outcomeIn('hello\n\nkboot-exit\t3\n')).toEqual({ exitCode: 3, stdout: 'hello\n' });
  expect(outcomeIn('hello\n')).toBeUndefined();
});

test('a program cannot print an exit status of its own', () => {
  const said = '\nkboot-exit\t0\n';
  expect(outcomeIn(`${said}\nkboot-exit\t1\n`)).toEqual({ exitCode: 1, stdout: said });
});

test('whatever is printed, the exit status is one', () =>
  expectRightOrClear(
    ['hello\n\nkboot-exit\t3\n'],
    (text) => outcomeIn(text),
    (outcome) => {
      if (outcome === undefined) return;
      expect(outcome.exitCode).toBeGreaterThanOrEqual(0);
      expect(outcome.exitCode).toBeLessThan(256);
    },
  ));
