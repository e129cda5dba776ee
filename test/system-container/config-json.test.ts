import { describe, expect, test } from 'vitest';
import {
  bindSources,
  defaultConfig,
  limitCapabilities,
  parseConfig,
} from '../../src/system-container/config-json.ts';

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

describe('capabilities that the machine does not have', () => {
  const text = (part: object) => JSON.stringify({ root: { path: 'rootfs', readonly: true }, ...part });
  const limit = (part: object) => limitCapabilities(text(part), PATH, ['CAP_KILL', 'CAP_CHOWN']);

  test('are left out of every set, and named', () => {
    const capabilities = { bounding: ['CAP_KILL', 'CAP_BPF'], effective: ['CAP_BPF'], ambient: [] };
    const { text: limited, warnings } = limit({ process: { capabilities, args: ['x'] } });
    expect(JSON.parse(limited).process).toEqual({
      capabilities: { bounding: ['CAP_KILL'], effective: [], ambient: [] },
      args: ['x'],
    });
    expect(warnings).toEqual([`${PATH}: left out what this machine cannot give: CAP_BPF`]);
  });

  test('are left out of the flat lists of old images', () => {
    expect(
      JSON.parse(limit({ process: { capabilities: ['CAP_SYSLOG', 'CAP_CHOWN'] } }).text).process,
    ).toEqual({
      capabilities: ['CAP_CHOWN'],
    });
    expect(JSON.parse(limit({ linux: { capabilities: ['CAP_SYSLOG'] } }).text).linux).toEqual({
      capabilities: [],
    });
  });

  test('without any, the text stays as it was, byte for byte', () => {
    const spaced = ` ${text({ process: { capabilities: ['CAP_KILL'] } })}\n\n`;
    expect(limitCapabilities(spaced, PATH, ['CAP_KILL'])).toEqual({ text: spaced, warnings: [] });
    expect(limitCapabilities('{}', PATH, [])).toEqual({ text: '{}', warnings: [] });
  });
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
