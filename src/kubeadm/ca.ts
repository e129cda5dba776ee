import { CA_CERTIFICATE } from '../cluster/paths.ts';
import type { Host } from '../host/host.ts';
import { KbootError } from '../lib/errors.ts';
import { caCertHash, pemCertificates } from './cluster-info.ts';

/** Pins of the certificates in the master's CA file. Throws STATE_INVALID when it cannot be read. */
export async function caHashesOf(master: Host, signal: AbortSignal): Promise<readonly string[]> {
  const { stdout } = await master.query({ argv: ['cat', CA_CERTIFICATE], sudo: true }, signal);
  try {
    return pemCertificates(stdout).map(caCertHash);
  } catch (cause) {
    throw new KbootError('STATE_INVALID', `${master.name}: ${CA_CERTIFICATE} cannot be read`, {
      host: master.name,
      cause,
      hint: `look at it: openssl x509 -in ${CA_CERTIFICATE} -text`,
    });
  }
}
