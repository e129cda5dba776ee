import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { expect, it } from 'vitest';
import { gatherFacts } from '../../src/facts/gather.ts';
import { parseFacts } from '../../src/facts/parse.ts';
import { factsCommand } from '../../src/facts/questions.ts';
import { openLocalHost } from '../../src/host/local.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { CA_PEM } from '../fixtures/ca.ts';

const TEXT = `clock 1700000000123456789
machine x86_64
hostname node1
os Debian GNU/Linux 12 (bookworm)
systemd yes
missing ss
missing flock
cpus 4
memory 8000000
swap /dev/sda2
machine-id 0123
cgroup v1
capbnd 000001fffeffffff
nofile unlimited
address eth0 10.0.0.11/24
address eth0 fe80::1/64
default-source 10.0.0.11
route 10.0.0.0/24 eth0
route 192.0.2.7 eth1
route nonsense eth1
link lo
link eth0
listen 22 sshd
listen 6443
read-only /usr
read-only /bin
free 1234
disk /var/lib/kboot 1234 /
disk /var/lib/containers/atomic 99 /var/lib/containers
disk /nowhere
sysctl net.ipv4.ip_forward 0
sysctl kernel.panic 10
module overlay builtin
module br_netfilter absent
top etc
top var
present /etc/kubernetes/admin.conf
empty /var/lib/etcd
run-file init.yaml
active kubelet.service
ledger {"version":1,  "cluster":"a b"}
ca abc
api-server 10.0.0.10:6443
certificate /etc/kubernetes/pki/ca.crt ${Buffer.from(CA_PEM).toString('base64')}
certificate /etc/kubernetes/pki/strange.crt bm90aGluZw==
staged 11 512
content 22
image registry.k8s.io/pause:3.10.2 sha256:33
layer 44
`;

it('reads every answer', () => {
  expect(parseFacts(TEXT, 1_700_000_000_000, 'm')).toEqual({
    machine: 'x86_64',
    kernel: '',
    hostname: 'node1',
    os: 'Debian GNU/Linux 12 (bookworm)',
    systemd: true,
    missingTools: ['ss', 'flock'],
    clockSkewMs: 123,
    clockMs: 1_700_000_000_123,
    cpus: 4,
    memoryKiB: 8_000_000,
    swap: ['/dev/sda2'],
    machineId: '0123',
    cgroup: 'v1',
    capabilityBounds: '000001fffeffffff',
    openFiles: Number.MAX_SAFE_INTEGER,
    addresses: [
      { link: 'eth0', address: '10.0.0.11', prefix: 24 },
      { link: 'eth0', address: 'fe80::1', prefix: 64 },
    ],
    defaultSource: '10.0.0.11',
    sshAddress: undefined,
    routes: [
      { destination: '10.0.0.0/24', link: 'eth0' },
      { destination: '192.0.2.7/32', link: 'eth1' },
    ],
    links: ['lo', 'eth0'],
    listeners: [
      { port: 22, program: 'sshd' },
      { port: 6443, program: '' },
    ],
    readOnly: ['/usr', '/bin'],
    freeKiB: 1234,
    disks: new Map([
      ['/var/lib/kboot', { freeKiB: 1234, mount: '/' }],
      ['/var/lib/containers/atomic', { freeKiB: 99, mount: '/var/lib/containers' }],
    ]),
    conntrackMaxWritable: false,
    ipForward: false,
    sysctls: { 'net.ipv4.ip_forward': '0', 'kernel.panic': '10' },
    resolvedRunning: false,
    kernelModules: { overlay: 'builtin', br_netfilter: 'absent' },
    endpointAddress: undefined,
    apiServer: '10.0.0.10:6443',
    certificates: [
      {
        path: '/etc/kubernetes/pki/ca.crt',
        notBefore: Date.parse('2026-11-23T22:17:46Z'),
        notAfter: Date.parse('2126-10-30T22:17:46Z'),
      },
    ],
    topLevel: ['etc', 'var'],
    present: new Set(['/etc/kubernetes/admin.conf']),
    empty: new Set(['/var/lib/etcd']),
    runFiles: ['init.yaml'],
    active: new Set(['kubelet.service']),
    ledger: '{"version":1,  "cluster":"a b"}',
    clusterCa: 'abc',
    staged: new Map([['11', 512]]),
    contents: new Set(['22']),
    images: { 'registry.k8s.io/pause:3.10.2': 'sha256:33' },
    layers: new Set(['44']),
  });
});

it('asks a real machine, in one round trip', async () => {
  await using host = await openLocalHost('here');
  const facts = await gatherFacts(host, 'localhost', systemClock);
  expect(facts.machine).toMatch(/^\w+$/);
  expect(facts.cpus).toBeGreaterThan(0);
  expect(facts.memoryKiB).toBeGreaterThan(100_000);
  expect(facts.topLevel).toEqual(expect.arrayContaining(['etc', 'proc', 'usr', 'var']));
  expect(facts.topLevel).not.toContain('..');
  expect(Math.abs(facts.clockSkewMs)).toBeLessThan(10_000);
  expect(facts.endpointAddress).toMatch(/^127\./);
  expect(facts.capabilityBounds).toMatch(/^[0-9a-f]{16}$/);
  // Neither needs to exist.
  for (const place of ['/var/lib/kboot', '/var/lib/containers/atomic']) {
    expect(facts.disks.get(place)?.freeKiB).toBeGreaterThan(0);
    expect(facts.disks.get(place)?.mount).toMatch(/^\//);
  }
});

const without = (key: string): string => TEXT.replace(new RegExp(`^${key} .*\n`, 'm'), '');

it.each([
  ['no CPU count', without('cpus')],
  ['a CPU count that is none', TEXT.replace('cpus 4', 'cpus many')],
  ['no capabilities', without('capbnd')],
  ['capabilities that are none', TEXT.replace('capbnd 000001fffeffffff', 'capbnd 0x!')],
  ['memory below zero', TEXT.replace('memory 8000000', 'memory -1')],
  ['no clock', without('clock')],
  ['no disk', without('free')],
  ['nothing', ''],
])('refuses %s', (_what, text) => {
  expect(() => parseFacts(text, 0, 'm')).toThrow(
    expect.objectContaining({ code: 'STATE_INVALID', host: 'm' }),
  );
});

it('understands or refuses whatever a machine answers', () => {
  const keys = TEXT.split('\n').map((line) => line.split(' ')[0] ?? '');
  const line = fc.tuple(fc.constantFrom(...keys), fc.string()).map(([key, value]) => `${key} ${value}`);
  fc.assert(
    fc.property(fc.array(line), fc.boolean(), (lines, first) => {
      const text = first ? `${lines.join('\n')}\n${TEXT}` : `${TEXT}${lines.join('\n')}`;
      try {
        const { routes, cpus } = parseFacts(text, 0, 'm');
        expect(cpus).toBeGreaterThanOrEqual(0);
        for (const { destination } of routes) expect(ipaddr.isValidCIDR(destination)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: 'STATE_INVALID' });
      }
    }),
  );
});

it.skipIf(userInfo().uid !== 0)('reads routes of every type', () => {
  const { argv } = factsCommand('');
  const routes = `
    ip link set lo up
    for type in blackhole unreachable prohibit throw; do ip route add $type 10.9.$((i = i + 1)).0/24; done
    ip route add local 10.9.9.0/24 dev lo table main
    ip route add blackhole default metric 9
    exec "$@"`;
  const text = execFileSync('unshare', ['-n', 'sh', '-c', routes, 'sh', ...argv], { encoding: 'utf8' });
  expect(parseFacts(text, 0, 'm').routes).toEqual([
    ...[1, 2, 3, 4].map((number) => ({ destination: `10.9.${number}.0/24`, link: '' })),
    { destination: '10.9.9.0/24', link: 'lo' },
  ]);
});
