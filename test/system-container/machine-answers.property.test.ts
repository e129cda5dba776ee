import { expect, test } from 'vitest';
import { renderContainerInfo } from '../../src/cli/render/container-info.ts';
import { renderContainers } from '../../src/cli/render/containers.ts';
import { renderStoredImages, storedImagesJson } from '../../src/cli/render/stored-images.ts';
import { escapeText } from '../../src/lib/escape.ts';
import { requireListed } from '../../src/system-container/change/installed.ts';
import { readJournal } from '../../src/system-container/change/journal.ts';
import { switchFiles } from '../../src/system-container/change/switch-files.ts';
import { hostFileConflicts } from '../../src/system-container/conflicts.ts';
import { infoText, parseInfo } from '../../src/system-container/deployment/info.ts';
import { parseList } from '../../src/system-container/deployment/list.ts';
import { parseAnswers } from '../../src/system-container/deployment/probe.ts';
import { useRemoteRootfs } from '../../src/system-container/image/remote-rootfs.ts';
import { pruneSystemContainers } from '../../src/system-container/prune.ts';
import { defaultConfig, forMachine } from '../../src/system-container/runtime-spec/config-json.ts';
import { parseSpecFacts } from '../../src/system-container/runtime-spec/facts.ts';
import { storedImages } from '../../src/system-container/stored-images.ts';
import { FakeHost } from '../helpers/fake-host.ts';
import { expectRightOrClear } from '../helpers/hostile.ts';

// What a machine answers when it is asked for its system containers: kboot shows it, or says what is wrong with it.

const INFO = infoText({
  image: { name: 'kboot/etcd:v3', id: 'abc', title: 'example/etcd' },
  created: 1_760_000_000,
  values: new Map([['NAME', 'etcd']]),
  userValues: { NAME: 'etcd' },
  hasService: true,
  installed: [
    { path: '/opt/x', kind: 'directory', mode: 0o755, source: '', checksum: '0' },
    { path: '/opt/x/y', kind: 'copy', mode: 0o644, source: 'rootfs/y', checksum: 'a'.repeat(64) },
  ],
  templates: [],
  renames: {},
  useLinks: true,
  runtime: '/usr/bin/runc',
  units: ['/etc/systemd/system/etcd.timer'],
  stateDirectories: ['/var/lib/etcd'],
  layers: ['b'.repeat(64)],
  remote: undefined,
  generatedTmpfiles: [],
  healthCheck: ['true'],
  healthTimeoutS: 60,
});
const CONFIG =
  '{"ociVersion":"1.0.0","process":{"args":["/bin/etcd","--x"],"user":{"uid":0}},"root":{"path":"rootfs"}}';

const encode = (text: string) => Buffer.from(text).toString('base64');
const answerOf = (info: string, config = CONFIG): string =>
  [
    'link\tetcd\tetcd.0',
    `folder\tetcd.0\t${encode(info)}\t${encode(config)}\t-`,
    `folder\tetcd.1\t${encode(info)}\t-\tprepared`,
    `layer\t${'b'.repeat(64)}`,
    'interrupted\tother',
    'unit\tetcd.service\tactive\t0\t0',
    `size\t4096\t${'b'.repeat(64)}`,
    'there\t/opt/x',
    '',
  ].join('\n');
const ANSWER = answerOf(INFO);

/** A machine that answers every question with this. */
const answering = (text: string): FakeHost => new FakeHost('m').on(() => true, text);

function expectTable(text: string): void {
  expect(escapeText(text)).toBe(text);
  expect(text).not.toMatch(/NaN [kMGT]?B|NaN-|undefined-/);
}

test('the list of containers', () =>
  expectRightOrClear([ANSWER], (text) => {
    const rows = parseList(text).map((container) => ({ host: 'm', container }));
    expectTable(renderContainers(rows, { all: true }));
    JSON.parse(renderContainers(rows, { all: true, json: true }));
  }));

test('the info of a deployment, as the list, `info` and a switch to it take it', () =>
  expectRightOrClear([INFO], async (info) => {
    const text = answerOf(info);
    const rows = parseList(text).map((container) => ({ host: 'm', container }));
    expectTable(renderContainers(rows, { all: true }));
    const installed = await requireListed(answering(text), 'etcd');
    renderContainerInfo('m', installed);
    expect(installed.info.created).toBeLessThan(1e12);
    expect(installed.info['health-timeout']).toBeGreaterThan(0);
    const side = parseInfo(info);
    if (side) switchFiles({ from: side, to: installed.info, fromDir: '/a', toDir: '/b', enable: [] });
  }));

test('the configuration of a deployment', () =>
  expectRightOrClear([CONFIG], (config) => {
    parseList(answerOf(INFO, config));
    forMachine(config, 'config.json', { capabilities: [], facts: {} });
    defaultConfig(config);
  }));

test('the images that are stored', () =>
  expectRightOrClear([ANSWER], async (text) => {
    const stored = await storedImages(answering(text));
    for (const bytes of stored.layerBytes.values()) expect(Number.isSafeInteger(bytes)).toBe(true);
    expectTable(renderStoredImages([{ host: 'm', ...stored }]));
    JSON.parse(storedImagesJson([{ host: 'm', ...stored }]));
  }));

test('what is in the way, what nobody needs, and a journal', () =>
  expectRightOrClear([ANSWER], async (text) => {
    await hostFileConflicts(answering(text), []);
    await pruneSystemContainers(answering(text));
    await readJournal(answering(text), 'etcd', { lines: 1 });
  }));

const LIMITS = 'Max open files            1024                 524288               files\n';
const FEATURES = '{"linux":{"seccomp":{"enabled":true,"actions":["a"],"operators":["b"],"archs":["c"]}}}';
const factsOf = (limits: string, features: string): string =>
  [
    'fact\tcgroup\t2',
    'fact\tcontrollers\tcpu io memory',
    'fact\tswap\tyes',
    `fact\tprofiles\t${encode('docker-default (enforce)\n')}`,
    'fact\tnamespaces\tcgroup mnt net',
    `fact\tlimits\t${encode(limits)}`,
    'fact\topen-files\t1048576',
    'fact\toom\t-900',
    'fact\thuge-pages\thugepages-2048kB hugepages-1048576kB',
    'fact\tblock\t8:0',
    `fact\tfeatures\t${encode(features)}`,
    'runtime\tyes\tyes',
    `spec\t${encode(CONFIG)}`,
    'path\tfile\t/opt/x',
    `file\t${'a'.repeat(64)}\t/opt/x`,
    'active\tx.service',
    '',
  ].join('\n');

test('what decides about a configuration', () =>
  expectRightOrClear([factsOf(LIMITS, FEATURES)], (text) => {
    const { facts } = parseAnswers(text);
    forMachine(CONFIG, 'config.json', { capabilities: [], facts });
  }));

test("systemd's limits", () =>
  expectRightOrClear([LIMITS], (text) => {
    const { hardLimits } = parseSpecFacts(factsOf(text, ''));
    for (const limit of hardLimits?.values() ?? []) expect(limit).not.toBeNaN();
  }));

test('what the runtime can filter', () =>
  expectRightOrClear([FEATURES], (text) => {
    parseSpecFacts(factsOf('', text));
  }));

const ROOTFS = [
  `rootfs\t${encode('/srv/rootfs')}\tfolder`,
  'exports',
  `file\tmanifest.json\t${encode('{"defaultValues":{"A":1}}')}`,
  `file\tconfig.json\t${encode(CONFIG)}`,
  `entry\tdirectory\t755\t${encode('/opt')}\t.\t-\t-.`,
  `entry\tfile\t644\t${encode('/opt/x')}\t.\t${'a'.repeat(64)}\t${encode('x')}.`,
  `entry\tlink\t777\t${encode('/opt/y')}\t${encode('x')}.\t-\t-.`,
  '',
].join('\n');

test('a root filesystem that is on the machine', () =>
  expectRightOrClear(
    [ROOTFS],
    (text) =>
      useRemoteRootfs(
        answering(text),
        {
          ...{ name: 'i', id: 'a', runOnce: false, steps: [], guarded: false, hasExports: true, files: {} },
          ...{ hostTree: [], manifest: { defaultValues: {} } as never },
        },
        '/srv',
      ),
    ({ image }) => {
      for (const entry of image.hostTree) {
        if (entry.type === 'link') continue;
        expect(entry.mode).toBeGreaterThanOrEqual(0);
        expect(entry.mode).toBeLessThanOrEqual(0o7777);
      }
    },
  ));
