import type { Facts } from '../../facts/facts.ts';
import { certificates } from '../../plan/preflight/certificates.ts';
import type { Run } from '../verb.ts';

/** Warns of a machine whose certificates end soon. */
export function warnOfCertificates(
  { report }: Run,
  host: string,
  facts: Pick<Facts, 'certificates' | 'clockMs'>,
): void {
  for (const { what, remedy } of certificates({ facts })) {
    report({ type: 'warning', host, text: `${what}: ${remedy}` });
  }
}
