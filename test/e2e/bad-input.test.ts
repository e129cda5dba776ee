import { cp, mkdtemp, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Document, parseDocument } from 'yaml';
import { CLUSTER_TIMEOUT_MS, defaultBundle, MASTER, on, read } from '../helpers/cluster.ts';
import { kbootOk, runKboot, startKboot } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { describeE2e } from '../helpers/require-e2e.ts';
import { Snapshots } from '../helpers/snapshot.ts';

const NODE = 'node1.example.com';
const BOTH = [MASTER, NODE] as const;

/** A user who may log in and no more. */
const PLAIN_USER = `
printf 'plain:x:1000:1000::/home/plain:/bin/sh\\n' >> /etc/passwd
printf 'plain:x:1000:\\n' >> /etc/group
printf 'plain:*:20000:0:99999:7:::\\n' >> /etc/shadow
install -d -m 700 -o plain -g plain /home/plain/.ssh
install -m 600 -o plain -g plain /root/.ssh/authorized_keys /home/plain/.ssh/authorized_keys
`;

describeE2e('what is wrong is said, and nothing is changed on any machine:', () => {
  const own = useLab({ masters: 1, nodes: 1 });
  const snapshots = new Snapshots(own);

  // After each test, whichever way it ended.
  afterEach(async () => {
    const changed = await Promise.all(BOTH.map((machine) => snapshots.changed(machine)));
    expect(changed).toEqual(BOTH.map(() => []));
  });

  /** A folder with the lab's kboot.yaml, changed. */
  async function clusterFile(edit: (yaml: Document) => void = () => {}): Promise<string> {
    const folder = await mkdtemp(join(own.folder, 'case-'));
    const yaml = parseDocument(await read(own.folder, 'kboot.yaml'));
    edit(yaml);
    await writeFile(join(folder, 'kboot.yaml'), String(yaml));
    return folder;
  }

  /** Runs kboot, which must refuse with this exit code, and gives back what it said. */
  async function refused(exitCode: number, folder: string, ...argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await runKboot(folder, ...argv);
    expect(code, `${stdout}${stderr}`).toBe(exitCode);
    expect(stdout).toBe('');
    return stderr;
  }

  beforeAll(async () => {
    await defaultBundle();
    for (const machine of BOTH) await on(own.lab, machine, PLAIN_USER);
    // A first login makes folders and units of its own.
    await kbootOk(own.folder, 'reset', '--yes');
    await snapshots.take(...BOTH);
  }, CLUSTER_TIMEOUT_MS);

  test('unknown fields and wrong types in kboot.yaml, all at once, with their lines', async () => {
    const folder = await clusterFile();
    const text = `apiVersion: kboot/v1
kind: Cluster
kubernetes: 1.37
podNetwork: 10.0.0.0/8
masters:
  - name: ${MASTER}
    adress: 10.0.0.1
allowSwap: perhaps
`;
    await writeFile(join(folder, 'kboot.yaml'), text);
    for (const argv of [['init'], ['join', '--all'], ['reset', '--yes']]) {
      const said = await refused(3, folder, ...argv);
      for (const [line, what] of [
        [3, 'kubernetes'],
        [4, 'podNetwork'],
        [7, 'adress'],
        [8, 'allowSwap'],
      ] as const)
        expect(said).toMatch(new RegExp(`kboot\\.yaml:${line}.*${what}`));
      expect(said).toContain('did you mean address?');
    }
  });

  test('a machine that is listed twice', async () => {
    const folder = await clusterFile((yaml) => yaml.addIn(['nodes'], { name: NODE, address: '192.0.2.7' }));
    expect(await refused(3, folder, 'init')).toContain(`"${NODE}" is used by nodes[0] already`);
  });

  test('two names for one machine', async () => {
    const folder = await clusterFile((yaml) => {
      yaml.set('nodes', [{ name: 'other.example.com', ssh: { host: own.lab.machines[1]?.address } }]);
      yaml.deleteIn(['ssh', 'hostKeys']);
    });
    const twice = await clusterFile((yaml) => yaml.setIn(['nodes', 0, 'ssh'], { host: MASTER }));
    expect(await refused(3, twice, 'init')).toContain('each machine is listed once');
    // No cluster yet: there is nothing to join.
    expect(await refused(14, folder, 'join', '--all')).toContain(`kboot init ${MASTER}`);
  });

  test('a machine that cannot be reached', async () => {
    const nobody = own.lab.subnet.replace(/\.0\/24$/, '.99');
    const folder = await clusterFile((yaml) => {
      yaml.setIn(['masters', 0], { name: 'absent.example.com', address: nobody, ssh: { host: nobody } });
    });
    const said = await refused(4, folder, 'init');
    expect(said).toContain('absent.example.com');
    expect(said).toContain(nobody);
    expect(said).toContain('to do:');
  });

  test('another host key than the known one', async () => {
    const folder = await clusterFile((yaml) => yaml.setIn(['ssh', 'knownHosts'], './known_hosts'));
    const machine = own.lab.machines.find(({ name }) => name === MASTER);
    const other = own.lab.machines.find(({ name }) => name === NODE);
    await writeFile(join(folder, 'known_hosts'), `${MASTER},${machine?.address} ${other?.hostKey}\n`);
    const said = await refused(6, folder, 'init');
    expect(said.match(/SHA256:[\w+/]{43}/g)?.length).toBeGreaterThanOrEqual(2);
    expect(said).toMatch(/known_hosts.*(line |:)1/);
    expect(await read(folder, 'known_hosts')).toContain(other?.hostKey);
  });

  test('a user without sudo', async () => {
    const folder = await clusterFile((yaml) => yaml.setIn(['ssh', 'user'], 'plain'));
    const said = await refused(13, folder, 'init');
    expect(said).toContain(`${MASTER}: plain cannot become root`);
    expect(said).toContain('NOPASSWD');
  });

  test('a pod network that the machine’s own network is in', async () => {
    const inside = await clusterFile((yaml) => {
      yaml.setIn(['network', 'pods'], own.lab.subnet.replace(/\d+\.0\/24$/, '0.0/16'));
    });
    expect(await refused(3, inside, 'init')).toMatch(/kboot\.yaml:\d+.*network\.pods/);
    // Without addresses in the file only the machine itself can tell.
    const unknown = await clusterFile((yaml) => {
      yaml.setIn(['network', 'pods'], own.lab.subnet.replace(/\d+\.0\/24$/, '0.0/16'));
      yaml.deleteIn(['masters', 0, 'address']);
      yaml.deleteIn(['nodes', 0, 'address']);
    });
    const said = await refused(7, unknown, 'init');
    expect(said).toContain(`overlaps its own route ${own.lab.subnet}`);
  });

  test('a file of somebody else where kboot’s would go', async () => {
    const path = '/usr/local/bin/kubectl';
    const mine = `${path} is there already, and not from kboot`;
    const folder = await clusterFile();
    await on(own.lab, MASTER, `echo mine > ${path}`);
    const { code, stderr } = await runKboot(folder, 'init');
    expect(code, stderr).toBe(7);
    expect(stderr).toContain(mine);
    expect(await on(own.lab, MASTER, `cat ${path} && rm ${path}`)).toContain('mine');
  });

  describe('a bundle', () => {
    let bundle = '';
    let folder = '';

    beforeAll(async () => {
      folder = await clusterFile((yaml) => yaml.set('bundle', { path: './bundle' }));
      bundle = join(folder, 'bundle');
      await cp((await defaultBundle()).dir, bundle, { recursive: true });
    });

    test('with one flipped byte', async () => {
      const { lock } = await defaultBundle();
      const digest = lock.images.find(({ name }) => name.includes('kube-proxy'))?.layers[0]?.digest ?? '';
      const file = await open(join(bundle, 'blobs/sha256', digest.slice(7)), 'r+');
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, 1_000_000);
      await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 1_000_000);
      await file.close();
      const said = await refused(8, folder, 'init');
      expect(said).toContain(digest);
      expect(said).toContain('kboot bundle build');
    });

    test('that is not the one which kboot.yaml pins', async () => {
      const pinned = await clusterFile((yaml) => yaml.set('bundle', { digest: `sha256:${'0'.repeat(64)}` }));
      expect(await refused(8, pinned, 'init')).toContain(`sha256:${'0'.repeat(64)}`);
    });

    test('of another version than kboot.yaml asks for', async () => {
      const other = await clusterFile((yaml) => {
        yaml.set('kubernetes', 'v1.36.3');
        yaml.set('bundle', { path: bundle });
      });
      expect(await refused(3, other, 'init')).toContain('v1.36.3');
    });
  });

  test('verbs that do not fit', async () => {
    const folder = await clusterFile();
    expect(await refused(2, folder, 'init', NODE)).toContain(`${NODE} is not the first master`);
    expect(await refused(14, folder, 'join', '--all')).toContain(`${MASTER} is no master yet`);
    expect(await refused(2, folder, 'join')).toContain('--all');
    expect(await refused(2, folder, 'reset', 'nobody.example.com', '--yes')).toContain('nobody.example.com');
    expect(await read(folder, 'kboot.yaml')).toBe(
      String(parseDocument(await read(own.folder, 'kboot.yaml'))),
    );
  });

  test('a second operator, while the first one goes on until Ctrl-C stops it', async () => {
    const folder = await clusterFile();
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const first = startKboot(folder, ['init', '--events'], ({ type, phase }) => {
      if (type === 'phase-start' && phase === 'send-system') begin();
    });
    await begun;
    const second = await runKboot(await clusterFile(), 'init', '--events');
    first.kill('SIGINT');
    expect(second.code).toBe(11);
    expect(second.events.at(-1)?.message).toMatch(/another kboot is at work: \S+ on \S+ since \d{4}-/);
    expect(await first.ended).toMatchObject({ code: 130 });
    await delay(1000);
    await kbootOk(folder, 'reset', '--yes');
  });
});

describeE2e('a machine whose disk is too small for the bundle', () => {
  const own = useLab({ masters: 1, nodes: 0, options: { varSize: '400m' } });

  test('is told of before anything is sent', async () => {
    await defaultBundle();
    await kbootOk(own.folder, 'reset', '--yes');
    const snapshots = new Snapshots(own);
    await snapshots.take(MASTER);
    const { code, stderr } = await runKboot(own.folder, 'init');
    expect(code, stderr).toBe(7);
    expect(stderr).toMatch(/\/var\/lib has 0\.\d GB free, \d\.\d GB are needed/);
    expect(await snapshots.changed(MASTER)).toEqual([]);
    expect(await readFile(join(own.folder, 'kboot.yaml'), 'utf8')).toContain(MASTER);
  });
});
