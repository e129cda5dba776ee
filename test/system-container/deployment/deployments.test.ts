import { describe, expect, test } from 'vitest';
import { parseDeployments, trackedPaths } from '../../../src/system-container/deployment/deployments.ts';
import { parseInfo } from '../../../src/system-container/deployment/info.ts';
import { parseList } from '../../../src/system-container/deployment/list.ts';
import { parseAnswers } from '../../../src/system-container/deployment/probe.ts';
import { unusedLayers } from '../../../src/system-container/prune.ts';

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');
const folder = (name: string, info: unknown, config: unknown = {}) =>
  `folder\t${name}\t${encode(info)}\t${encode(config)}\n`;
const link = (name: string, slot: 0 | 1 = 0) => `link\t${name}\t${name}.${slot}\n`;
const unit = (name: string, state: string, code = 0, status = 0) =>
  `unit\t${name}.service\t${state}\t${code}\t${status}\n`;

describe('the list', () => {
  const INFO = {
    image: 'kboot/etcd:v3',
    revision: 'abc',
    created: 1_760_000_000,
    runtime: '/usr/local/bin/runc',
    'user-values': { A: 'b' },
  };

  test('a container that runs', () => {
    const config = { process: { args: ['/usr/local/bin/etcd', '--flag'] } };
    expect(
      parseList(
        link('etcd', 1) + folder('etcd.1', INFO, config) + folder('etcd.0', INFO) + unit('etcd', 'active'),
      ),
    ).toEqual([
      {
        name: 'etcd',
        deployment: 'etcd.1',
        image: 'kboot/etcd:v3',
        revision: 'abc',
        command: '/usr/local/bin/etcd --flag',
        created: 1_760_000_000,
        state: 'running',
        runtime: '/usr/local/bin/runc',
        remote: undefined,
        userValues: { A: 'b' },
        broken: undefined,
      },
    ]);
  });

  test.each([
    [unit('c', 'active'), 'running'],
    [unit('c', 'failed', 1, 143), 'failed'],
    [unit('c', 'inactive'), 'inactive'],
    [unit('c', 'inactive', 1, 1), 'failed'],
    [unit('c', 'inactive', 1, 143), 'inactive'],
    [unit('c', 'activating'), 'activating'],
    [unit('c', 'deactivating'), 'deactivating'],
    [unit('c', 'reloading'), 'reloading'],
    ['', 'inactive'],
  ])('%j is shown as %s', (line, state) => {
    expect(parseList(link('c') + folder('c.0', INFO) + line)[0]?.state).toBe(state);
  });

  test('one without a service', () => {
    const list = parseList(
      link('c') + folder('c.0', { ...INFO, 'has-container-service': false }) + unit('c', 'active'),
    );
    expect(list).toMatchObject([{ state: 'no service' }]);
  });

  test('broken ones do not hide the others', () => {
    const list = parseList(
      link('damaged') +
        folder('damaged.0', '{"image":') +
        link('empty') +
        'folder\tempty.0\t-\t-\n' +
        link('lost') +
        folder('orphan.0', INFO) +
        folder('plain', INFO) +
        link('good') +
        folder('good.0', INFO, 'no json') +
        folder('good.1', INFO),
    );
    expect(list.map(({ name, broken }) => [name, broken])).toEqual([
      ['damaged', 'its deployment has no readable info'],
      ['empty', 'its deployment has no readable info'],
      ['good', undefined],
      ['lost', 'its deployment has no readable info'],
      ['orphan.0', 'no link selects it'],
      ['plain', 'no link selects it'],
    ]);
  });

  test('names that look like slots', () => {
    const list = parseList(link('c.0') + folder('c.0.0', INFO) + link('d') + folder('d.0', INFO));
    expect(list.map(({ name }) => name)).toEqual(['c.0', 'd']);
  });

  test('an empty machine', () => {
    expect(parseList('')).toEqual([]);
  });
});

test('a reader of info does without any key', () => {
  expect(parseInfo('{}')).toMatchObject({
    image: '',
    revision: '',
    created: 0,
    'has-container-service': true,
    runtime: '',
  });
  for (const text of ['', '[]', '{"image": 1}', 'null']) expect(parseInfo(text)).toBeUndefined();
});

test('paths that any deployment tracks are known', () => {
  const found = parseDeployments(
    folder('a.0', { 'installed-files-checksum': { '/a': '1' } }) +
      folder('b.1', { 'installed-files-checksum': { '/b': '2' } }) +
      folder('c.0', 'damaged'),
  );
  expect([...trackedPaths(found)]).toEqual(['/a', '/b']);
});

describe('layers that go with a container', () => {
  const stored = ['one', 'two', 'three', 'lost'].map((layer) => `layer\t${layer}\n`).join('');
  const unused = (rest: string) =>
    unusedLayers(parseDeployments(stored + folder('a.0', { layers: ['one', 'two'] }) + rest), ['a.0', 'a.1']);

  test('are all that nobody else uses', () => {
    expect(unused('')).toEqual(['one', 'two', 'three', 'lost']);
    expect(unused(folder('b.0', { layers: ['two'] }) + folder('c.1', { layers: ['three'] }))).toEqual([
      'one',
      'lost',
    ]);
    expect(unused(folder('a.1', { layers: ['three'] }))).toEqual(['one', 'two', 'three', 'lost']);
  });

  test('are none while it is not known what another uses', () => {
    expect(unused(folder('b.0', 'damaged'))).toEqual([]);
    expect(unused(folder('b.0', {}))).toEqual([]);
  });
});

test('the answers of a machine', () => {
  const answers = parseAnswers(
    `${link('a')}layer\tone\nruntime\tyes\tno\nspec\t${encode('{}')}\nactive\tx.service\npath\tfile\t/etc/a b\npath\tabsent\t/c\n`,
  );
  expect(answers).toMatchObject({ runtime: { systemdCgroup: true, pidFile: false }, spec: '{}' });
  expect([...answers.states]).toEqual([
    ['/etc/a b', 'file'],
    ['/c', 'absent'],
  ]);
  expect([...answers.activeUnits]).toEqual(['x.service']);
  expect([...answers.deployments.layers]).toEqual(['one']);
  expect(parseAnswers('spec\t-\n')).toMatchObject({ runtime: undefined, spec: undefined });
});
