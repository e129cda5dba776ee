import { describe, expect, test } from 'vitest';
import {
  bindSources,
  defaultConfig,
  forMachine,
  parseConfig,
} from '../../../src/system-container/runtime-spec/config-json.ts';

const PATH = '/d/config.json';
const READ_ONLY = 'Invalid configuration file.  Only readonly images are supported';

describe('what is checked', () => {
  test.each([
    ['', `Invalid json in configuration file: ${PATH}.`],
    ['{"a"', `Invalid json in configuration file: ${PATH}.`],
    ['[]', `Invalid json in configuration file: ${PATH}.`],
    ['{"ociVersion": "1.0.2"}', READ_ONLY],
    ['{"root": {"path": "rootfs"}}', READ_ONLY],
    ['{"root": {"path": "rootfs", "readonly": false}}', READ_ONLY],
    [
      '{"root": {"path": "rootfs", "readonly": true, "Readonly": false}}',
      'Invalid configuration file.  "Readonly" must be written in lower case',
    ],
    [
      '{"root": {"path": "rootfs", "readonly": true}, "Root": {"path": "/"}}',
      'Invalid configuration file.  "Root" must be written in lower case',
    ],
    [
      '{"root": {"path": "elsewhere", "readonly": true}}',
      "Invalid configuration file.  Path must be 'rootfs'",
    ],
    ['{"root": {"readonly": true}}', "Invalid configuration file.  Path must be 'rootfs'"],
  ])('%s', (text, message) => {
    expect(() => parseConfig(text, PATH)).toThrow(message);
  });

  test.each(['{}', '{"root": {"path": "rootfs", "readonly": true}, "anything": [1]}'])(
    '%s passes',
    (text) => {
      expect(parseConfig(text, PATH)).toEqual(JSON.parse(text));
    },
  );
});

describe('bind sources', () => {
  const sourcesOf = (...mounts: object[]) =>
    bindSources(parseConfig(JSON.stringify({ root: { path: 'rootfs', readonly: true }, mounts }), PATH));

  test('are those of mounts whose type tells of a bind', () => {
    expect(
      sourcesOf(
        { type: 'bind', source: '/a' },
        { type: 'rbind', source: '/b/' },
        { source: '/c', options: ['bind'] },
        { type: 'proc', source: 'proc' },
        { type: 'none', source: '/sys', options: ['rbind'] },
        { type: 'bind' },
        { type: 'bind', source: '/a' },
        { type: 'bind', source: '/' },
      ),
    ).toEqual(['/a', '/b', '/']);
  });

  test('cannot split a line', () => {
    expect(() => sourcesOf({ type: 'bind', source: '/a\n/b' })).toThrow("cannot be a mount's source");
  });
});

test('what nothing is wrong with stays as it was, byte for byte', () => {
  const config = { ociVersion: '1.0.2', process: { cwd: '/' }, root: { path: 'rootfs', readonly: true } };
  const spaced = ` ${JSON.stringify(config)}\n\n`;
  const machine = { capabilities: [], facts: {} };
  expect(forMachine(spaced, PATH, machine)).toEqual({ text: spaced, warnings: [] });
  expect(forMachine('{}', PATH, machine)).toEqual({ text: '{}', warnings: [] });
});

describe('the default configuration', () => {
  test('changes what the runtime proposes', () => {
    const spec = { process: { terminal: true, args: ['sh'], cwd: '/' }, root: { path: 'other' }, mounts: [] };
    expect(JSON.parse(defaultConfig(JSON.stringify(spec)))).toEqual({
      process: { terminal: false, args: ['run.sh'], cwd: '/' },
      root: { path: 'rootfs', readonly: true },
      mounts: [],
    });
  });

  test.each([undefined, '', 'no json'])('is empty when the runtime said %j', (spec) => {
    expect(defaultConfig(spec)).toBe('{}');
  });
});
