import { describe, expect, it, test } from 'vitest';
import { plain } from '../../src/cli/render/paint.ts';
import { jsonReporter } from '../../src/cli/report/json.ts';
import { lineFormatter, linesReporter } from '../../src/cli/report/lines.ts';
import { LiveList } from '../../src/cli/report/live.ts';
import { formatProgress } from '../../src/cli/report/progress.ts';
import { startReporter } from '../../src/cli/report/start-reporter.ts';
import type { Event } from '../../src/lib/events.ts';
import { testIo } from '../helpers/io.ts';

const start = (host: string, phase = 'send', title = 'Send images'): Event => ({
  type: 'phase-start',
  phase,
  title,
  host,
});
const end = (host: string, ok = true, ms = 1234, phase = 'send'): Event => ({
  type: 'phase-end',
  phase,
  host,
  ms,
  ok,
});
const run = (...hosts: string[]): Event => ({ type: 'run-start', verb: 'join', hosts });

test.each<[Event, string]>([
  [run('a', 'b'), 'join: a, b'],
  [run(), 'join'],
  [start('a'), 'start a: Send images'],
  [
    { type: 'phase-progress', phase: 'send', host: 'a', done: 1e6, total: 4e6 },
    '   .. a: Send images: 25%, 1.0 MB of 4.0 MB',
  ],
  [end('a'), '   ok a: Send images (1.2 s)'],
  [end('a', false), ' FAIL a: Send images (1.2 s)'],
  [
    { type: 'phase-skip', phase: 'x', title: 'Start etcd', host: 'a', because: 'it runs' },
    ' skip a: Start etcd: it runs',
  ],
  [{ type: 'warning', host: 'a', text: 'swap is on\nreally' }, ' warn a: swap is on\\nreally'],
  [{ type: 'note', text: 'hello' }, ' note hello'],
  [{ type: 'run-end', ok: true, ms: 61_000 }, ' done in 1 min 01 s'],
  [{ type: 'run-end', ok: false, ms: 100 }, ' FAIL in 0.1 s'],
])('one line for %o', (event, line) => {
  const format = lineFormatter();
  format(start('a'));
  expect(format(event)).toBe(line);
});

test.each([
  [{ done: 5, total: 10 }, '50%, 5 B of 10 B'],
  [{ done: 20, total: 10 }, '100%, 20 B of 10 B'],
  [{ done: 2000 }, '2.0 kB'],
  [{ done: 0, total: 0 }, '0 B'],
  [{ text: 'layer \u001b[1m' }, 'layer \\x1b[1m'],
  [{ done: 1, total: 4, text: 'layer 3' }, '25%, 1 B of 4 B, layer 3'],
  [{}, ''],
])('progress %o', (progress, text) => expect(formatProgress(progress)).toBe(text));

test('lines say how far a long phase is, but not all the time', () => {
  let now = 0;
  const { stderr } = testIo([]);
  const { report } = linesReporter(stderr, plain, () => now);
  report(start('a'));
  for (now = 1000; now <= 40_000; now += 1000)
    report({ type: 'phase-progress', phase: 'send', host: 'a', text: `at ${now}` });
  expect(stderr.text).toBe(
    'start a: Send images\n   .. a: Send images: at 15000\n   .. a: Send images: at 30000\n',
  );
});

test('what was said of one machine is not said at length of the others', () => {
  const { stderr } = testIo([]);
  const { report } = linesReporter(stderr, plain, () => 0);
  for (const host of ['a', 'b', 'a']) report({ type: 'warning', host, text: 'swap is on' });
  report({ type: 'warning', text: 'swap is on' });
  report({ type: 'warning', host: 'b', text: 'no swap' });
  expect(stderr.text).toBe(
    [
      ...[' warn a: swap is on', ' warn b: the same as a', ' warn a: swap is on'],
      ...[' warn swap is on', ' warn b: no swap', ''],
    ].join('\n'),
  );
});

test('json puts the time in front of each event', () => {
  const { stderr } = testIo([]);
  jsonReporter(stderr, () => 0).report(end('a'));
  expect(stderr.text).toBe(
    '{"time":"1970-01-01T00:00:00.000Z","type":"phase-end","phase":"send","host":"a","ms":1234,"ok":true}\n',
  );
});

describe('the live list', () => {
  /** A list that got these events at these times. */
  const listAfter = (...events: [number, Event][]) => {
    const live = new LiveList(plain, 0);
    const stayed = events.flatMap(([at, event]) => live.apply(event, at));
    return { live, stayed };
  };

  it('shows each running phase with its machine, time and progress', () => {
    const { live } = listAfter(
      [0, run('a', 'b')],
      [0, start('a')],
      [1000, start('b')],
      [2000, { type: 'phase-progress', phase: 'send', host: 'b', done: 1, total: 2 }],
    );
    expect(live.headline()).toBe('join, 2 machines');
    expect(live.elapsed(61_000)).toBe('1 min 01 s');
    expect(live.list(5000, 80, 24)).toEqual(['a: Send images, 5 s', 'b: Send images, 4 s: 50%, 1 B of 2 B']);
  });

  it('leaves what is over above the list, skipped phases nowhere', () => {
    const { live, stayed } = listAfter(
      [0, run('a')],
      [0, start('a')],
      [1, end('a')],
      [2, { type: 'phase-skip', phase: 'x', title: 'X', host: 'a', because: 'done' }],
      [3, { type: 'warning', text: 'careful' }],
      [4, { type: 'run-end', ok: true, ms: 4 }],
    );
    expect(stayed).toEqual(['   ok a: Send images (1.2 s)', ' warn careful', ' done in 0.0 s']);
    expect(live.list(5, 80, 24)).toEqual([]);
  });

  it('shows two phases that run on one machine at the same time', () => {
    const { live } = listAfter([0, run('a')], [0, start('a')], [0, start('a', 'etcd', 'Start etcd')]);
    expect(live.list(0, 80, 24)).toEqual(['a: Send images, 0 s', 'a: Start etcd, 0 s']);
  });

  it('cuts lines at the width of the terminal and the list at its height', () => {
    const hosts = ['a', 'b', 'c', 'd', 'e', 'f'];
    const { live } = listAfter([0, run(...hosts)], ...hosts.map((host): [number, Event] => [0, start(host)]));
    const list = live.list(0, 10, 8);
    expect(list).toEqual(['a: Send...', 'b: Send...', 'c: Send...', '... and...']);
    expect(live.list(0, 80, 8).at(-1)).toBe('... and 3 more');
    expect(live.list(0, 2, 1)).toHaveLength(1);
  });

  it('counts instead of naming when the machines are many', () => {
    const hosts = Array.from({ length: 50 }, (_, index) => `n${index}`);
    const { live, stayed } = listAfter(
      [0, run(...hosts)],
      ...hosts.map((host): [number, Event] => [0, start(host)]),
      [1, end('n0')],
      [1, end('n1', false, 2000)],
    );
    expect(live.list(0, 80, 24)).toEqual(['Send images: 48 running, 1 done, 1 failed']);
    expect(stayed).toEqual([' FAIL n1: Send images (2.0 s)']);
    expect(live.apply({ type: 'run-end', ok: false, ms: 9000 }, 9000)).toEqual([
      ' FAIL Send images: 1 machine, 1 failed, at most 2.0 s',
      ' FAIL in 9.0 s',
    ]);
  });
});

describe('startReporter', () => {
  interface Terminal {
    isTTY?: boolean;
    columns?: number;
    env?: Record<string, string>;
    events?: boolean;
  }
  const reported = async ({ isTTY = false, columns, env = {}, events = false }: Terminal) => {
    const io = testIo([], { env });
    const still = () => true;
    Object.assign(io.stderr, { isTTY, columns, cursorTo: still, clearLine: still, moveCursor: still });
    const reporter = await startReporter(io, { paint: plain, events });
    reporter.report({ type: 'run-start', verb: 'init', hosts: ['a'] });
    reporter.report({ type: 'note', text: 'hello' });
    reporter.stop();
    reporter.stop();
    return io.stderr.text;
  };

  it.each([
    ['a pipe', {}],
    ['a terminal in CI', { isTTY: true, env: { CI: 'true' } }],
    ['a dumb terminal', { isTTY: true, env: { TERM: 'dumb' } }],
    ['a terminal that does not know its width', { isTTY: true, columns: 0 }],
  ])('writes lines to %s', async (_where, options) => {
    expect(await reported(options)).toBe('init: a\n note hello\n');
  });

  it('draws on a terminal', async () => {
    expect(await reported({ isTTY: true, columns: 80 })).toContain('init (0 s)');
  });

  it('writes JSON when a program reads', async () => {
    const [, note = ''] = (await reported({ isTTY: true, events: true })).split('\n');
    expect(JSON.parse(note)).toMatchObject({ text: 'hello' });
  });
});
