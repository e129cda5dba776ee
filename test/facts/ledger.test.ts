import { expect, it } from 'vitest';
import { ledgerText, parseLedger } from '../../src/facts/ledger.ts';
import { putBack } from '../../src/phases/put-back.ts';
import { FakeHost } from '../helpers/fake-host.ts';
import { expectRightOrClear } from '../helpers/hostile.ts';

const ledger = {
  version: 1,
  cluster: 'kboot',
  role: 'node',
  createdAt: '2026-01-01T00:00:00.000Z',
  sysctls: { 'kernel.panic': '0' },
  kept: ['/etc/cni'],
  empty: ['/var/lib/etcd'],
  links: ['lo'],
  modules: ['br_netfilter'],
} as const;

it('reads what it wrote', () => {
  const written = {
    ...ledger,
    kept: [...ledger.kept],
    empty: [...ledger.empty],
    links: [...ledger.links],
    modules: [...ledger.modules],
  };
  expect(parseLedger(ledgerText(written), 'node1')).toEqual(ledger);
});

it('reads what a kboot wrote that did not know of kernel modules', () => {
  const { modules: _unknown, ...former } = ledger;
  expect(parseLedger(JSON.stringify(former), 'node1').modules).toEqual([]);
});

it.each(['', '{}', '{"version":2}', 'nonsense'])('says what to do about %j', (text) => {
  expect(() => parseLedger(text, 'node1')).toThrow("node1: kboot's ledger cannot be read");
});

it('takes or refuses whatever the file holds', () =>
  expectRightOrClear([JSON.stringify(ledger)], async (text) => {
    const read = parseLedger(text, 'node1');
    expect(parseLedger(ledgerText(read), 'node1')).toEqual(read);
    await putBack(
      new FakeHost('node1').on(() => true),
      read,
      new AbortController().signal,
    );
  }));
