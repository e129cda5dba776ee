import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { parseSpecFacts } from '../../../src/system-container/runtime-spec/facts.ts';
import { libraries } from '../../helpers/script.ts';

const encode = (text: string) => Buffer.from(text).toString('base64');
const FEATURES = {
  linux: { seccomp: { enabled: true, actions: ['A'], operators: ['O'], archs: ['SCMP_ARCH_X86_64'] } },
};

test('what a machine prints is read', () => {
  const limits =
    'Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\nMax core file size        0                    unlimited            bytes\n';
  const facts = parseSpecFacts(
    [
      ['cgroup', '1'],
      ['controllers', 'rw memory name=systemd'],
      ['selinux', 'no'],
      ['apparmor', 'yes'],
      ['profiles', encode('docker-default (enforce)\n/usr/bin/man (complain)\n')],
      ['namespaces', 'mnt net pid'],
      ['limits', encode(limits)],
      ['open-files', '1048576'],
      ['oom', '-5'],
      ['huge-pages', 'hugepages-2048kB hugepages-1048576kB hugepages-64kB'],
      ['block', '8:0 7:0'],
      ['weight', 'no'],
      ['swap', 'yes'],
      ['resctrl', 'no'],
      ['features', encode(JSON.stringify(FEATURES))],
    ]
      .map((words) => `fact\t${words.join('\t')}\n`)
      .join('link\tfact\tx\n'),
  );
  expect(facts).toEqual({
    cgroup: 1,
    controllers: new Set(['rw', 'memory', 'name=systemd']),
    selinux: false,
    apparmor: true,
    profiles: new Set(['docker-default', '/usr/bin/man', '']),
    namespaces: new Set(['mount', 'network', 'pid']),
    hardLimits: new Map([
      ['RLIMIT_NOFILE', 4096],
      ['RLIMIT_CORE', Infinity],
    ]),
    openFiles: 1_048_576,
    oomScoreAdj: -5,
    hugePages: new Set(['2MB', '1GB', '64KB']),
    blockDevices: new Set(['8:0', '7:0']),
    ioWeight: false,
    swapLimit: true,
    resctrl: false,
    seccomp: { actions: new Set(['A']), operators: new Set(['O']), archs: new Set(['SCMP_ARCH_X86_64']) },
  });
});

test.each(['', 'fact\tcgroup\tx\nfact\tfeatures\t?\nfact\tlimits\t-\n'])('of %j nothing is known', (text) => {
  const known = Object.entries(parseSpecFacts(text)).filter(([, value]) => value !== undefined);
  expect(known).toEqual([]);
});

test('the script runs to its end on this machine, whatever it lacks', async () => {
  const script = `set -eu\n${libraries('list-deployments', 'runtime-facts')}spec_facts /nowhere/runc\necho end`;
  const { stdout } = await execa('sh', ['-c', script]);
  const facts = parseSpecFacts(stdout);
  expect(stdout.endsWith('end')).toBe(true);
  expect(facts.namespaces).toContain('mount');
  expect(facts.openFiles).toBe(Number(await readFile('/proc/sys/fs/nr_open', 'utf8')));
  expect(facts.hardLimits?.get('RLIMIT_NOFILE')).toBeGreaterThan(0);
  expect(facts.seccomp).toBeUndefined();
});
