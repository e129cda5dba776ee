import { describe, expect, it } from 'vitest';
import { KUBELET_CERTIFICATE, PKI } from '../../src/cluster/paths.ts';
import { certificates } from '../../src/plan/preflight/certificates.ts';
import { factsWith } from '../helpers/cluster-state.ts';

const DAY = 24 * 60 * 60_000;
const NOW = Date.parse('2026-01-01T00:00:00Z');

/** A certificate of a year of which so many days are left. */
const left = (path: string, days: number) => ({
  path,
  notBefore: NOW + (days - 365) * DAY,
  notAfter: NOW + days * DAY,
});
const warningsOf = (...found: ReturnType<typeof left>[]) =>
  certificates({ facts: factsWith({ clockMs: NOW, certificates: found }) });

describe('certificates', () => {
  it.each([
    [`${PKI}/apiserver.crt`, 61, false],
    [`${PKI}/apiserver.crt`, 59, true],
    [`${PKI}/etcd/server.crt`, 59, true],
    [`${PKI}/ca.crt`, 3000, false],
    ['/etc/kubernetes/admin.conf', 10, true],
    ['/etc/kubernetes/admin.conf', -1, true],
    [KUBELET_CERTIFICATE, 59, false],
    [KUBELET_CERTIFICATE, 35, true],
  ])('%s with %i days left', (path, days, warned) => {
    expect(warningsOf(left(path, days))).toHaveLength(warned ? 1 : 0);
  });

  it('are one warning a machine, with the day of the first and what renews them', () => {
    const [only, ...more] = warningsOf(
      left(`${PKI}/apiserver.crt`, 50),
      left(`${PKI}/etcd/server.crt`, 40),
      left('/etc/kubernetes/admin.conf', 300),
      left(KUBELET_CERTIFICATE, 5),
    );
    expect(more).toEqual([]);
    expect(only).toEqual({
      severity: 'warning',
      what: 'certificates end soon (apiserver, etcd/server, the kubelet’s own); the first expires on 2026-01-06, in 5 days',
      remedy: 'docs/cluster-care.md says how to renew all of them, etcd’s included',
    });
  });

  it('say so when they have expired', () => {
    expect(warningsOf(left(`${PKI}/apiserver.crt`, -2))[0]?.what).toContain(
      'the first has expired on 2025-12-30',
    );
  });
});
