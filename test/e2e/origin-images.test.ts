import { join } from 'node:path';
import { env } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLUSTER_TIMEOUT_MS, defaultBundle, MASTER, on } from '../helpers/cluster.ts';
import { kbootOk } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { Layout, tagged } from '../helpers/layout.ts';
import { describeE2eIf } from '../helpers/require-e2e.ts';
import { wantedSuites } from '../helpers/virtual-suites.ts';
import { file } from '../system-container/make-image.ts';
import { readRecipe, systemImages } from './origin-images/recipe.ts';
import { type Outcome, STAND_INS, standInMembers } from './origin-images/stand-ins.ts';
import { compileStandIn, programs, userland } from './origin-images/userland.ts';

/** The collection of github.com/projectatomic/atomic-system-containers, which is not part of this repository. */
const collection = env['KBOOT_ORIGIN_IMAGES'] ?? '';
const [suite] = wantedSuites;
const isVirtual = suite !== undefined;

/** A service that has not ended by then has found all that it needs; an emulated machine is some 18 times slower. */
const STAYS_UP_MS = isVirtual ? 30_000 : 4_000;
const HALF_AN_HOUR = 30 * 60_000;

const TITLE = `images written for Project Atomic, on a ${isVirtual ? 'virtual' : 'local'} machine`;

const describeOrigin = describeE2eIf(
  collection !== '',
  'set KBOOT_ORIGIN_IMAGES to the folder of the collection',
);

/** What the machines of the origin had: bash, and a Python that here runs nothing, but stays. */
const MACHINE = 'machine-of-the-origin';

describeOrigin(TITLE, { timeout: HALF_AN_HOUR }, () => {
  const own = useLab({
    ...{ masters: 1, nodes: 0 },
    ...(suite && { options: { virtual: { suite, memory: 1024, cpus: 1 } } }),
  });
  const layout = () => join(own.folder, 'images');
  const containers = (verb: string, ...args: string[]) =>
    kbootOk(own.folder, 'containers', verb, ...args, '--host', MASTER);
  const results: string[] = [];

  beforeAll(async () => {
    await defaultBundle();
    const standIn = await compileStandIn(own.folder);
    const base = [await userland(standIn)];
    const made = await Layout.make(layout());
    await made.writeIndex(
      ...(await Promise.all(
        Object.entries(STAND_INS).map(async ([name, standsIn]) => {
          const { members, labels } = await readRecipe(collection, name);
          return tagged(
            await made.image({ base, labels, members: [...members, ...standInMembers(standsIn)] }),
            name,
          );
        }),
      )),
      tagged(
        await made.image({
          members: [
            file('exports/manifest.json', '{ "noContainerService": true }'),
            ...[...(await programs(['bash'])), file('usr/bin/python', standIn, 0o755)].map((member) => ({
              ...member,
              name: `exports/hostfs/${member.name}`,
            })),
          ],
        }),
        MACHINE,
      ),
    );
    await containers('install', 'node-runtime');
    await containers('install', `oci:${layout()}:${MACHINE}`, '--name', MACHINE);
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => console.info(`${TITLE}\n${results.join('\n')}`));

  test('are all of the collection', async () => {
    expect(Object.keys(STAND_INS).sort()).toEqual(await systemImages(collection));
  });

  /** Each outcome, as the unit of the container shows it. */
  const looks: Readonly<Record<Outcome, readonly string[]>> = {
    up: ['ActiveState=active', 'SubState=running', 'ConditionResult=yes', 'NRestarts=0'],
    condition: ['ActiveState=inactive', 'SubState=dead', 'ConditionResult=no', 'NRestarts=0'],
    ran: [],
  };

  test.each(Object.entries(STAND_INS))('%s', async (name, { outcome = 'up' }) => {
    const start = outcome === 'ran' ? [] : ['--start', '--health-timeout', isVirtual ? '300s' : '60s'];
    const image = `oci:${layout()}:${name}`;
    const [installed] = JSON.parse(await containers('install', image, '--name', name, ...start, '--json'));
    // No other has a configuration of today's form, which says nothing of a platform.
    const translated = name === 'azure' ? [] : [expect.stringContaining('left out platform')];
    expect(installed.warnings).toEqual(expect.arrayContaining(translated));
    const result = `${name}: ${outcome}\n${installed.warnings.map((line: string) => `  ${line}`).join('\n')}`;
    if (outcome === 'ran') {
      expect(installed).toMatchObject({ status: 'ran', exitCode: 0, messages: ['buildah version'] });
      results.push(result);
      return;
    }
    const show = async () => {
      const asked = 'systemctl show -p NRestarts,ActiveState,SubState,ConditionResult "$1"';
      return (await on(own.lab, MASTER, asked, name)).trim().split('\n');
    };
    await delay(STAYS_UP_MS);
    expect((await show()).sort()).toEqual([...looks[outcome]].sort());
    expect(await containers('info', name)).toContain(`${name} on ${MASTER}`);
    await containers('uninstall', name);
    expect(await show()).toContain('ActiveState=inactive');
    results.push(result);
  });
});
