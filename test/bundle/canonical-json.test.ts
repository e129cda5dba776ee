import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson } from '../../src/bundle/canonical-json.ts';

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

it('says the same in any order of keys, and loses nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(reversed(value))).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

it('is indented by two, ends its last line, and keeps the order of arrays', () => {
  expect(canonicalJson({ b: [2, 1], a: undefined, c: { z: 1, y: null } })).toBe(
    '{\n  "b": [\n    2,\n    1\n  ],\n  "c": {\n    "y": null,\n    "z": 1\n  }\n}\n',
  );
});
