import { expect, test } from 'vitest';
import { renderUpdateSummary } from '../../../src/cli/render/update-summary.ts';

const ID = 'a'.repeat(64);

test('the summary has the columns of the format, and the machine', () => {
  const text = renderUpdateSummary([
    { host: 'm1', name: 'etcd', before: ID, after: ID, latest: ID, status: 'unchanged' },
    {
      host: 'm2',
      name: 'a-very-long-name',
      before: ID,
      after: ID,
      latest: null,
      status: 'unknown',
    },
  ]);
  const cut = 'a'.repeat(32);
  expect(text.split('\n')).toEqual([
    'SUMMARY',
    `Container       ${'Image ID before update'.padEnd(32)} ${'Image ID after update'.padEnd(32)} ${'Latest image ID'.padEnd(32)} Status          Host`,
    `etcd            ${cut} ${cut} ${cut} Updated         m1`,
    `a-very-long-nam ${cut} ${cut} ${'<NOT FOUND>'.padEnd(32)} Unknown         m2`,
    '',
  ]);
});
