import { KUBELET_CERTIFICATE } from '../../cluster/paths.ts';
import type { Certificate, Facts } from '../../facts/facts.ts';
import { warning } from './problem.ts';

const DAY_MS = 24 * 60 * 60_000;
const SOON_MS = 60 * DAY_MS;

/** The kubelet makes itself another when 10 to 30 % of the life are left; less means that it does not. */
const ROTATION_OVERDUE = 0.1;

function isDue({ path, notBefore, notAfter }: Certificate, now: number): boolean {
  const left = notAfter - now;
  return path === KUBELET_CERTIFICATE ? left < (notAfter - notBefore) * ROTATION_OVERDUE : left < SOON_MS;
}

/** A path as kubeadm names the certificate: `etcd/server`, `admin.conf`. */
const nameOf = (path: string): string =>
  path === KUBELET_CERTIFICATE
    ? 'the kubelet’s own'
    : path.replace(/^\/etc\/kubernetes\/(pki\/)?/, '').replace(/\.crt$/, '');

/**
 * Certificates which are good for less than 60 days, by the machine's own clock, in one warning. kubeadm's are good
 * for a year, and `kubeadm certs renew all` leaves etcd's four alone, because the cluster has etcd as an external one.
 */
export function certificates({
  facts,
}: {
  readonly facts: Pick<Facts, 'certificates' | 'clockMs'>;
}): readonly ReturnType<typeof warning>[] {
  const now = facts.clockMs;
  const due = facts.certificates.filter((certificate) => isDue(certificate, now));
  const [first] = [...due].sort((a, b) => a.notAfter - b.notAfter);
  if (first === undefined) return [];
  const day = new Date(first.notAfter).toISOString().slice(0, 10);
  const days = Math.floor((first.notAfter - now) / DAY_MS);
  const when = days < 0 ? `the first has expired on ${day}` : `the first expires on ${day}, in ${days} days`;
  const names = due.map(({ path }) => nameOf(path)).join(', ');
  return [
    warning(
      `certificates end soon (${names}); ${when}`,
      'docs/cluster-care.md says how to renew all of them, etcd’s included',
    ),
  ];
}
