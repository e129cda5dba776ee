import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { formatIssue } from '../../src/config/issue.ts';
import { loadCluster, parseCluster } from '../../src/config/load.ts';

const HEAD = 'apiVersion: kboot/v1\nkind: Cluster\n';
const MINIMAL = `${HEAD}masters:\n  - master.example.com\n`;

/** Every issue of a text as a person reads it. */
const issuesOf = (text: string): string[] =>
  parseCluster(text, '/c/kboot.yaml', '/home/op').issues.map((issue) => formatIssue('f', issue));

const clusterOf = (text: string) => parseCluster(text, '/c/kboot.yaml', '/home/op').cluster;

describe('a valid file', () => {
  it('gets every default', () => {
    expect(clusterOf(MINIMAL)).toEqual({
      file: '/c/kboot.yaml',
      name: 'kboot',
      kubernetes: undefined,
      endpoint: 'master.example.com:6443',
      endpointIsDefault: true,
      waitMs: 600_000,
      bundle: { path: undefined, digest: undefined },
      ssh: { config: undefined, knownHosts: undefined, hostKeys: undefined },
      network: {
        pods: '10.244.0.0/16',
        services: '10.96.0.0/12',
        dnsDomain: 'cluster.local',
        backend: 'vxlan',
      },
      masters: [
        {
          name: 'master.example.com',
          role: 'master',
          address: undefined,
          ssh: { host: 'master.example.com', port: undefined, user: undefined, identityFile: undefined },
          workloads: false,
        },
      ],
      nodes: [],
      allowSwap: false,
    });
  });

  it('gives each machine the ssh settings of the file, unless it has its own', () => {
    const cluster = clusterOf(`${MINIMAL}ssh:
  user: admin
  port: 2200
  identityFile: keys/all
  config: ~/ssh.conf
  knownHosts: /etc/known
nodes:
  - name: n1
    ssh: { host: 192.0.2.7, user: root, identityFile: ~/.ssh/n1 }
  - n2
`);
    expect(cluster?.nodes.map(({ ssh }) => ssh)).toEqual([
      { host: '192.0.2.7', port: 2200, user: 'root', identityFile: '/home/op/.ssh/n1' },
      { host: 'n2', port: 2200, user: 'admin', identityFile: '/c/keys/all' },
    ]);
    expect(cluster?.ssh).toEqual({
      config: '/home/op/ssh.conf',
      knownHosts: '/etc/known',
      hostKeys: undefined,
    });
  });

  it('lets nodes run workloads always and masters when asked', () => {
    const cluster = clusterOf(`${HEAD}masters: [{ name: m, workloads: true }]\nnodes: [n]\n`);
    expect([cluster?.masters[0]?.workloads, cluster?.nodes[0]?.workloads]).toEqual([true, true]);
  });

  it('resolves the bundle against the folder of the file', () => {
    expect(clusterOf(`${MINIMAL}bundle: { path: ./bundle }\n`)?.bundle.path).toBe('/c/bundle');
  });
});

test.each([
  ['unknown field', `${MINIMAL}netwrok: {}`, ['f:5: netwrok: is not a known field: did you mean network?']],
  [
    'unknown field unlike any other, deep',
    `${MINIMAL}nodes:\n  - name: a\n    zzzzzz: 1`,
    ['f:7: nodes[0].zzzzzz: is not a known field: the fields here are name, address, ssh'],
  ],
  [
    'workloads on a node',
    `${MINIMAL}nodes:\n  - name: a\n    workloads: true`,
    ['f:7: nodes[0].workloads: is not a known field: the fields here are name, address, ssh'],
  ],
  [
    'a version that YAML reads as a number',
    `${MINIMAL}kubernetes: 1.30`,
    [
      'f:5: kubernetes: must be text, and 1.30 is a number in YAML: write the whole version with the v in front, like v1.37.2',
    ],
  ],
  [
    'half a version',
    `${MINIMAL}kubernetes: "1.30"`,
    ['f:5: kubernetes: must be a whole version with the v in front, like v1.37.2'],
  ],
  [
    'a name that YAML reads as a number',
    `${MINIMAL}name: 5`,
    ['f:5: name: must be text, and YAML does not read 5 as text: put quotes around it'],
  ],
  ['text for a boolean', `${MINIMAL}allowSwap: yes`, ['f:5: allowSwap: must be true or false']],
  ['a list for text', `${MINIMAL}endpoint: [a]`, ['f:5: endpoint: must be text']],
  [
    'an empty field',
    `${MINIMAL}ssh:\n  user:`,
    ['f:6: ssh.user: is empty: write a value or delete the line'],
  ],
  [
    'a port out of range',
    `${MINIMAL}ssh: { port: 0 }`,
    ['f:5: ssh.port: must be a port number from 1 to 65535'],
  ],
  [
    'upper case',
    `${MINIMAL}nodes:\n- Node1.Example.com`,
    ['f:6: nodes[0].name: must be lower case: write node1.example.com'],
  ],
  [
    'a name that is none',
    `${MINIMAL}nodes:\n- a_b`,
    [
      'f:6: nodes[0].name: must be a DNS name: lower case letters, digits, "-" and ".", each part beginning and ending with a letter or digit',
    ],
  ],
  [
    'a name too long for a label',
    `${MINIMAL}nodes:\n- ${'a.'.repeat(32)}a`,
    ['f:6: nodes[0].name: is 65 characters long: at most 63 are allowed here'],
  ],
  [
    'a number for a machine',
    `${MINIMAL}nodes:\n- 12`,
    ['f:6: nodes[0]: must be the name of a machine, or its fields (name, address, ssh)'],
  ],
  ['no masters', HEAD, ['f: masters: is missing: it must be a list of machines']],
  ['an empty list of masters', `${HEAD}masters: []`, ['f:3: masters: must list at least one machine']],
  ['another apiVersion', MINIMAL.replace('kboot/v1', 'kboot/v2'), ['f:1: apiVersion: must be kboot/v1']],
  [
    'an IPv6 address',
    `${MINIMAL}nodes: [{ name: a, address: "::1" }]`,
    ['f:5: nodes[0].address: must be an IPv4 address like 10.0.0.10'],
  ],
  [
    'a backend that flannel has but kboot has not',
    `${MINIMAL}network: { backend: udp }`,
    ['f:5: network.backend: must be vxlan or host-gw'],
  ],
  [
    'a digest cut short',
    `${MINIMAL}bundle: { digest: "sha256:ab" }`,
    ['f:5: bundle.digest: must be sha256: and 64 hexadecimal digits, as `kboot bundle verify` prints it'],
  ],
  ['nothing', '', ['f: must hold apiVersion, kind and masters']],
  ['a list', '- a', ['f: must hold apiVersion, kind and masters']],
  [
    'a second document',
    `${MINIMAL}---\na: 1`,
    ['f:5: a second document begins here: keep one cluster in a file'],
  ],
])('refuses %s', (_what, text, issues) => {
  expect(issuesOf(text)).toEqual(issues);
  expect(clusterOf(text)).toBeUndefined();
});

test('says where YAML itself is broken', () => {
  const issues = issuesOf(`${MINIMAL}name: a\nname: b\nssh: {`);
  expect(issues).toEqual([
    'f:6: is not valid YAML: Map keys must be unique',
    expect.stringMatching(/^f:7: is not valid YAML: .*Flow map/),
  ]);
});

test('reports all errors at once, in the order of the lines', () => {
  const text =
    'apiVersion: kboot/v1\nkind: Clustr\nmasters:\n  - M\nnodes:\n  - name: x\n    adress: y\nfoo: 1\n';
  expect(issuesOf(text).map((issue) => issue.split(':')[1])).toEqual(['2', '4', '7', '8']);
});

test.each([
  ['grow beyond measure', `a: &a [x]\nb: &b [${'*a, '.repeat(200)}]\nc: [${'*b, '.repeat(200)}]\n`],
  ['are not there', 'a: *missing\n'],
])('aliases that %s are an error in the file', (_what, text) => {
  const { cluster, issues } = parseCluster(`${HEAD}masters: [m]\n${text}`, '/c/kboot.yaml', '/home/op');
  expect(cluster).toBeUndefined();
  expect(issues.map(({ message }) => message).join()).toMatch(/alias/i);
});

describe('loadCluster', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kboot-config-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('throws one error that lists every one of them', async () => {
    const file = join(folder, 'kboot.yaml');
    await writeFile(file, `${MINIMAL}name: A\nfoo: 1\n`);
    await expect(loadCluster(file, '/home/op')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: [
        `${file}: 2 errors, nothing was done`,
        `  ${file}:5: name: must be lower case: write a`,
        `  ${file}:6: foo: is not a known field: the fields here are apiVersion, kind, name, kubernetes, endpoint, bundle, ssh, network, masters, nodes, allowSwap, wait`,
      ].join('\n'),
    });
  });

  it('returns warnings beside the cluster', async () => {
    const file = join(folder, 'kboot.yaml');
    await writeFile(file, `${HEAD}masters: [a, b, c, d]\n`);
    const { cluster, warnings } = await loadCluster(file, '/home/op');
    expect(cluster.masters).toHaveLength(4);
    expect(warnings).toEqual([
      `${file}:3: warning: masters: has 4 machines, which survive the loss of 1, as 3 would; use an odd number`,
    ]);
  });

  it('says how to get a file when there is none', async () => {
    const file = join(folder, 'none.yaml');
    await expect(loadCluster(file, '/home/op')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `${file}: there is no such file`,
      hint: expect.stringContaining('kboot init NAME'),
    });
  });
});
