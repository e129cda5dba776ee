import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asText, expand, type Scalar, variablesOf } from '../../../src/system-container/image/template.ts';

const values = new Map<string, Scalar>([
  ['NAME', 'etcd'],
  ['NAMEfoo', 'longer'],
  ['_x1', 'underscore'],
  ['PORT', 8081],
  ['YES', true],
  ['NO', false],
  ['NOTHING', null],
  ['EMPTY', ''],
  ['RAW', '$NAME "quoted" \\ \n'],
]);

describe('what a $ means', () => {
  test.each([
    ['$NAME', 'etcd'],
    ['${NAME}', 'etcd'],
    ['a${NAME}b$NAME.c', 'aetcdbetcd.c'],
    ['$NAMEfoo', 'longer'],
    ['$_x1', 'underscore'],
    ['$$', '$'],
    ['$$NAME', '$NAME'],
    ['$$$NAME', '$etcd'],
    ['$$$$', '$$'],
    ['\\$NAME', '\\etcd'],
    ['$PORT', '8081'],
    ['$YES $NO $NOTHING', 'True False None'],
    ['[$EMPTY]', '[]'],
    ['$RAW', '$NAME "quoted" \\ \n'],
    ['$NAME-b', 'etcd-b'],
    ['', ''],
  ])('%j becomes %j', (template, expected) => {
    expect(expand(template, values, 'T')).toBe(expected);
  });

  test.each([
    ['$', 1, 1],
    ['a$', 1, 2],
    ['$ x', 1, 1],
    ['$1', 1, 1],
    ['${1}', 1, 1],
    ['${}', 1, 1],
    ['${NAME', 1, 1],
    ['${NAME-b}', 1, 1],
    ['${NAME:-x}', 1, 1],
    ['$(cmd)', 1, 1],
    ['$NAME\n  $(cmd)', 2, 3],
    ['a\r\nb\r\n$', 3, 1],
    ['$$ $é', 1, 4],
  ])('%j is refused', (template, line, column) => {
    expect(() => expand(template, values, '/T')).toThrow(
      `/T: Invalid placeholder in string: line ${line}, col ${column}`,
    );
  });

  test('only the first missing variable is named', () => {
    expect(() => expand('$NAME $name $other', values, '/d/exports/service.template')).toThrow(
      "The template file '/d/exports/service.template' still contains an unreplaced value for: ''name''",
    );
  });
});

test('variables are listed once each, without escaped ones', () => {
  expect(variablesOf('$B ${A} $$C $B $1')).toEqual(['B', 'A']);
});

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);

test('a value goes in as it is, whatever it holds', () => {
  fc.assert(
    fc.property(name, fc.string(), (variable, value) => {
      expect(expand(`<\${${variable}}>`, new Map([[variable, value]]), 'T')).toBe(`<${value}>`);
    }),
  );
});

test('doubling every $ writes any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(expand(text.replaceAll('$', '$$$$'), new Map(), 'T')).toBe(text);
    }),
  );
});

test('every scalar has a text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.string()), (value) => {
      expect(typeof asText(value)).toBe('string');
    }),
  );
});
