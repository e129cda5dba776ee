import { expect, test } from 'vitest';
import { kindOf, kindOfLabel } from '../../src/lab/kind.ts';

test.each([
  [{ imageBased: false }, 'ordinary'],
  [{ imageBased: true }, 'image-based'],
  [{ imageBased: false, virtual: {} }, 'virtual'],
])('%o is %s', (options, kind) => {
  expect(kindOf(options)).toBe(kind);
  expect(kindOfLabel(kind)).toBe(kind);
});

test.each([undefined, '', 'other'])('a machine with the label %o is an ordinary one', (label) => {
  expect(kindOfLabel(label)).toBe('ordinary');
});
