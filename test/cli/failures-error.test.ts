import { describe, expect, test } from 'vitest';
import { failuresError } from '../../src/cli/failures-error.ts';
import { KbootError } from '../../src/lib/errors.ts';
import type { Failure } from '../../src/lib/failure.ts';

const failure = (host: string, blocked?: true): Failure => ({
  ...{ host, phase: 'p', error: new KbootError('COMMAND_FAILED', `${host}: broken`) },
  ...(blocked && { blocked }),
});

/** What a run ends with, of the machines that were asked for. */
const thrownFor = (failures: readonly Failure[], ...asked: readonly string[]): unknown =>
  failuresError(
    failures,
    asked.map((name) => ({ name })),
  );

describe('what a run ends with', () => {
  test('the error itself, of the only machine', () => {
    const only = failure('n');
    expect(thrownFor([only], 'n')).toBe(only.error);
  });

  test('all errors, as soon as other machines are done', () => {
    expect(thrownFor([failure('n')], 'n', 'o')).toMatchObject({ message: '1 of 2 machines failed' });
  });

  test('the error itself, where everybody else only waited for that', () => {
    const root = failure('m');
    expect(thrownFor([root, failure('n1', true), failure('n2', true)], 'n1', 'n2')).toBe(root.error);
  });

  test('all errors, where only some waited', () => {
    const error = thrownFor([failure('m'), failure('n1', true)], 'm', 'n1', 'n2');
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors).toHaveLength(2);
  });

  test('counts a machine that was not asked for, but without which the others cannot be', () => {
    expect(thrownFor([failure('m'), failure('n')], 'n', 'o')).toMatchObject({
      message: '2 of 3 machines failed',
    });
  });
});
