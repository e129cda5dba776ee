import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ContainerRow,
  type ListOptions,
  parseFilters,
  renderContainers,
} from '../../../src/cli/render/containers.ts';
import type { ListedContainer } from '../../../src/system-container/deployment/list.ts';

const UTC = { timeZone: 'UTC' };

function row(host: string, name: string, container: Partial<ListedContainer> = {}): ContainerRow {
  return {
    host,
    container: {
      ...{ name, deployment: `${name}.0`, image: `kboot/${name}:v1.37.2`, revision: 'a'.repeat(64) },
      ...{ command: '', created: 1_760_000_000, state: 'running', runtime: '/usr/local/bin/runc' },
      ...{ remote: undefined, userValues: {}, broken: undefined },
      ...container,
    },
  };
}

const ROWS = [
  row('master1', 'etcd', { command: '/usr/local/bin/etcd-start --quiet' }),
  row('master1', 'kubelet', { deployment: 'kubelet.1', image: 'registry.example.com/team/kubelet:v1.37.2' }),
  row('master1', 'node-runtime', { state: 'no service' }),
  row('n1', 'web', { image: 'docker://registry.example.com/web', state: 'inactive', runtime: 'crun' }),
  row('n1', 'old', { state: 'failed', image: 'busybox' }),
];

const render = (options: ListOptions = {}, rows = ROWS) => renderContainers(rows, { ...UTC, ...options });
const idsOf = (options: ListOptions) =>
  render({ ...options, quiet: true })
    .split('\n')
    .slice(0, -1);

test('the columns of the original, cut to their widths, then the machine and the deployment', () => {
  expect(render()).toBe(
    `${[
      '   CONTAINER ID IMAGE                COMMAND    CREATED          STATE      RUNTIME    HOST    DEPLOYMENT',
      '   etcd         etcd:v1.37.2         /usr/local 2025-10-09 08:53 running    /usr/local master1 etcd.0',
      '   kubelet      registry.example.com            2025-10-09 08:53 running    /usr/local master1 kubelet.1',
      '   node-runtime node-runtime:v1.37.2            2025-10-09 08:53 no service /usr/local master1 node-runtime.0',
      '   old          busybox:latest                  2025-10-09 08:53 failed     /usr/local n1      old.0',
    ].join('\n')}\n`,
  );
});

test('--no-trunc widens the id, the image and the command only', () => {
  expect(render({ truncate: false, all: true })).toBe(
    `${[
      '   CONTAINER ID IMAGE                                     COMMAND                           CREATED          STATE      RUNTIME    HOST    DEPLOYMENT',
      '   etcd         etcd:v1.37.2                              /usr/local/bin/etcd-start --quiet 2025-10-09 08:53 running    /usr/local master1 etcd.0',
      '   kubelet      registry.example.com/team/kubelet:v1.37.2                                   2025-10-09 08:53 running    /usr/local master1 kubelet.1',
      '   node-runtime node-runtime:v1.37.2                                                        2025-10-09 08:53 no service /usr/local master1 node-runtime.0',
      '   web          registry.example.com/web:latest                                             2025-10-09 08:53 inactive   crun       n1      web.0',
      '   old          busybox:latest                                                              2025-10-09 08:53 failed     /usr/local n1      old.0',
    ].join('\n')}\n`,
  );
  const [heading] = render({ truncate: false }, [row('n1', 'a')]).split('\n');
  expect(heading).toContain('IMAGE                COMMAND    CREATED');
});

test('-n leaves the heading out', () => {
  expect(render({ heading: false })).toBe(render().split('\n').slice(1).join('\n'));
});

test.each<[string, ListOptions, readonly string[]]>([
  ['what runs, what failed and what has no service', {}, ['etcd', 'kubelet', 'node-runtime', 'old']],
  ['-a: everything', { all: true }, ['etcd', 'kubelet', 'node-runtime', 'web', 'old']],
  ['-q beats --json', { json: true }, ['etcd', 'kubelet', 'node-runtime', 'old']],
])('%s', (_title, options, ids) => {
  expect(idsOf(options)).toEqual(ids);
});

describe('filters', () => {
  test.each([
    [['container=ETC'], ['etcd']],
    [['image=registry.example.com/'], ['kubelet', 'web']],
    [['image=latest'], ['web', 'old']],
    [['command=--quiet'], ['etcd']],
    [['created=2025-10-09 08:53'], ['etcd', 'kubelet', 'node-runtime', 'web', 'old']],
    [['created=2024'], []],
    [['state=run'], ['etcd', 'kubelet']],
    [['runtime=crun'], ['web']],
    [['backend=kboot'], ['etcd', 'kubelet', 'node-runtime', 'web', 'old']],
    [['backend=ostree'], []],
    [['state=run', 'container=let'], ['kubelet']],
    [['command=a=b'], []],
    [['container='], ['etcd', 'kubelet', 'node-runtime', 'web', 'old']],
  ])('%j', (texts, ids) => {
    expect(idsOf({ all: true, filters: parseFilters(texts) })).toEqual(ids);
  });

  test('do not bring back what is not shown', () => {
    expect(idsOf({ filters: parseFilters(['runtime=crun']) })).toEqual([]);
  });

  test.each([
    [
      'name=x',
      "The filter name is not valid.  Please choose from ['container', 'image', 'command', 'created', 'state', 'runtime', 'backend']",
    ],
    ['=x', 'The filter  is not valid.  Please choose from'],
    ['toString=x', 'The filter toString is not valid.'],
    ['state', "Invalid value 'state'.  Expected form NAME=VALUE"],
  ])('%s', (text, message) => {
    expect(() => parseFilters([text])).toThrowError(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) }),
    );
  });
});

test.each<[string, readonly ContainerRow[]]>([
  ['no container', []],
  ['none that runs', [row('n1', 'web', { state: 'inactive' })]],
])('%s: no output at all, and an empty list for programs', (_what, rows) => {
  expect(render({}, [...rows])).toBe('');
  expect(render({ quiet: true }, [...rows])).toBe('');
  expect(render({ json: true }, [...rows])).toBe('[]\n');
});

test('a broken one is shown as such, whatever systemd says', () => {
  const rows = [
    row('n1', 'etcd.1', {
      deployment: 'etcd.1',
      state: 'inactive',
      created: 0,
      broken: 'no link selects it',
    }),
    row('n1', 'web', { image: '', revision: '', created: 0, broken: 'its deployment has no readable info' }),
  ];
  const lines = render({}, rows).split('\n');
  expect(lines.slice(1)).toEqual([
    '   etcd.1       etcd.1:v1.37.2                                   broken     /usr/local n1   etcd.1',
    '   web                                                           broken     /usr/local n1   web.0',
    '',
  ]);
  expect(JSON.parse(render({ json: true }, rows))).toMatchObject([
    { state: 'broken', created: null, broken: 'no link selects it' },
    { state: 'broken', image: '', broken: 'its deployment has no readable info' },
  ]);
});

test('--json: nothing cut', () => {
  const [, kubelet] = ROWS;
  expect(render({ json: true }, kubelet ? [kubelet] : [])).toBe(`[
  {
    "host": "master1",
    "name": "kubelet",
    "deployment": "kubelet.1",
    "image": "registry.example.com/team/kubelet:v1.37.2",
    "imageId": "${'a'.repeat(64)}",
    "command": "",
    "created": "2025-10-09T08:53:20.000Z",
    "state": "running",
    "broken": null,
    "runtime": "/usr/local/bin/runc"
  }
]
`);
});

test.each([
  ['busybox', 'busybox:latest'],
  ['kboot/etcd:v1', 'etcd:v1'],
  ['localhost/etcd:v1', 'localhost/etcd:v1'],
  ['reg:5000/a/b', 'reg:5000/a/b:latest'],
  ['docker://reg:5000/a/b:c', 'reg:5000/a/b:c'],
  [`reg.io/a@sha256:${'a'.repeat(64)}`, `reg.io/a@sha256:${'a'.repeat(64)}`],
  ['oci:/srv/images:v1', 'oci:/srv/images:v1'],
  ['oci-archive:/srv/x.tar', 'oci-archive:/srv/x.tar'],
])('the image %s is shown as %s', (image, shown) => {
  expect(JSON.parse(render({ json: true }, [row('n1', 'x', { image })]))[0].image).toBe(shown);
});

test('the time is that of the place', () => {
  const rows = [row('n1', 'x', { created: 1_760_054_400 })];
  expect(render({ timeZone: 'UTC' }, rows)).toContain('2025-10-10 00:00');
  expect(render({ timeZone: 'Europe/Berlin' }, rows)).toContain('2025-10-10 02:00');
  expect(render({ timeZone: 'America/New_York' }, rows)).toContain('2025-10-09 20:00');
});

test('whatever a machine says: lines stay lines, nothing reaches the terminal, programs read what it said', () => {
  const text = fc.string({ unit: 'binary' });
  const container = fc.record({
    ...{ name: text, deployment: text, image: text, revision: text, command: text, runtime: text },
    state: fc.constantFrom('running', 'failed', 'no service', 'activating'),
    created: fc.integer({ min: 0, max: 4_000_000_000 }),
    remote: fc.constant(undefined),
    userValues: fc.constant({}),
    broken: fc.option(text, { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.array(fc.record({ host: text, container }), { minLength: 1 }),
      fc.boolean(),
      (rows, truncate) => {
        const table = render({ truncate }, rows);
        expect(table.split('\n')).toHaveLength(rows.length + 2);
        const json = render({ json: true }, rows);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
        const harmful = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\ufeff]/;
        for (const output of [table, json, render({ quiet: true }, rows)])
          expect(output).not.toMatch(harmful);
        expect(JSON.parse(json).map(({ command }: { command: string }) => command)).toEqual(
          rows.map(({ container: { command } }) => command),
        );
      },
    ),
  );
});
