import { expect, test } from 'vitest';
import { wantedOptions } from '../../../src/cli/lab/up.ts';

test.each([
  [{}, {}],
  [{ imageBased: true }, { imageBased: true }],
  [{ vm: true as const }, { virtual: {} }],
  [{ vm: 'trixie' as const, memory: 2048, cpus: 1 }, { virtual: { suite: 'trixie', memory: 2048, cpus: 1 } }],
])('%o asks for %o', (options, wanted) => {
  expect(wantedOptions(options)).toEqual(wanted);
});

test.each([
  [{ memory: 2048 }, '--memory'],
  [{ cpus: 1 }, '--cpus'],
])('%o is refused: only virtual machines have a size', (options, flag) => {
  expect(() => wantedOptions(options)).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: `${flag}: only virtual machines have a size`,
      hint: 'add --vm',
    }),
  );
});
