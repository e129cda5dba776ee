import { expect, test } from 'vitest';
import { formatIssue } from '../../src/config/issue.ts';
import { parseCluster } from '../../src/config/load.ts';

const issuesOf = (body: string): string[] =>
  parseCluster(`apiVersion: kboot/v1\nkind: Cluster\n${body}\n`, '/c/kboot.yaml', '/home/op').issues.map(
    (issue) => formatIssue('f', issue),
  );

const machines = (count: number, prefix: string): string =>
  `[${Array.from({ length: count }, (_, index) => `${prefix}${index}`).join(', ')}]`;

test.each([
  [1, []],
  [
    2,
    ['f:3: masters: has 2 machines: etcd would stop when either fails, so two are worse than 1; use 1 or 3'],
  ],
  [3, []],
  [4, ['f:3: warning: masters: has 4 machines, which survive the loss of 1, as 3 would; use an odd number']],
  [7, []],
  [9, ['f:3: masters: has 9 machines: etcd gets slow with more than 7; use 3 or 5']],
])('%i masters', (count, issues) => {
  expect(issuesOf(`masters: ${machines(count, 'm')}`)).toEqual(issues);
});

test.each([
  [
    'a name, across the lists, reported once',
    'masters: [a]\nnodes: [a]',
    ['f:4: nodes[0].name: "a" is used by masters[0] already: each machine is listed once'],
  ],
  [
    'an address',
    'masters: [{ name: a, address: 10.0.0.1 }]\nnodes: [{ name: b, address: 10.0.0.1 }]',
    ['f:4: nodes[0].address: "10.0.0.1" is used by masters[0] already: each machine is listed once'],
  ],
  [
    'a way to reach it',
    'masters: [a]\nnodes: [{ name: b, ssh: { host: a } }]',
    ['f:4: nodes[0].ssh.host: "a" is used by masters[0] already: each machine is listed once'],
  ],
  [
    'nothing: one address with two ports is two machines',
    'masters: [{ name: a, ssh: { host: h, port: 1 } }]\nnodes: [{ name: b, ssh: { host: h, port: 2 } }]',
    [],
  ],
])('machines that share %s', (_what, body, issues) => {
  expect(issuesOf(body)).toEqual(issues);
});

test.each([
  [
    'not the address of a network',
    'pods: 10.244.1.0/16',
    ['f:4: network.pods: 10.244.1.0/16 is not the address of a network: write 10.244.0.0/16'],
  ],
  [
    'overlapping',
    'services: 10.244.128.0/20',
    [
      'f:4: network.services: 10.244.128.0/20 overlaps network.pods (10.244.0.0/16): choose networks that are apart',
    ],
  ],
  [
    'too small for the machines',
    'pods: 10.244.0.0/25',
    ['f:4: network.pods: /25 has room for 0 machines (each takes a /24) and 1 are listed: use /24 or wider'],
  ],
  ['just big enough', 'pods: 10.244.0.0/24', []],
  ['too wide for pods', 'pods: 16.0.0.0/7', ['f:4: network.pods: must not be wider than /8']],
  [
    'too wide for Services',
    'services: 172.16.0.0/11',
    [
      'f:4: network.services: 172.16.0.0/11 is not the address of a network: write 172.0.0.0/11',
      'f:4: network.services: /11 does not work with Kubernetes: use /12 to /28',
    ],
  ],
  [
    'too narrow for Services',
    'services: 10.96.0.0/29',
    ['f:4: network.services: /29 does not work with Kubernetes: use /12 to /28'],
  ],
])('networks that are %s', (_what, network, issues) => {
  expect(issuesOf(`masters: [m]\nnetwork: { ${network} }`)).toEqual(issues);
});

test('a machine inside the pod network', () => {
  expect(issuesOf('masters: [{ name: m, address: 10.244.3.4 }]')).toEqual([
    'f:3: masters[0].address: 10.244.3.4 lies in network.pods (10.244.0.0/16): choose another network for pods',
  ]);
});

test('a pod network that grows too small with the nodes', () => {
  expect(issuesOf(`masters: [m]\nnodes: ${machines(4, 'n')}\nnetwork: { pods: 10.244.0.0/22 }`)).toEqual([
    'f:5: network.pods: /22 has room for 4 machines (each takes a /24) and 5 are listed: use /21 or wider',
  ]);
});

test.each([
  ['api.example.com:6443', []],
  ['192.0.2.1:443', []],
  ['api.example.com', ['f:4: endpoint: must be host:port: write api.example.com:6443']],
  ['https://api:6443', ['f:4: endpoint: must be host:port: write api.example.com:6443']],
  ['api:70000', ['f:4: endpoint: 70000 is not a port: use 1 to 65535']],
  ['API.example.com:1', ['f:4: endpoint: "API.example.com" must be lower case: write api.example.com']],
  [
    '10.96.0.1:6443',
    ['f:4: endpoint: 10.96.0.1 lies in network.services: use an address that the machines reach'],
  ],
])('endpoint %s', (endpoint, issues) => {
  expect(issuesOf(`masters: [m]\nendpoint: ${endpoint}`)).toEqual(issues);
});
