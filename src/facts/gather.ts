import type { Host } from '../host/host.ts';
import type { Clock } from '../lib/clock.ts';
import type { Facts } from './facts.ts';
import { parseCertificates, parseFacts } from './parse.ts';
import { certificatesCommand, factsCommand } from './questions.ts';

/** Asks a machine about itself, in one round trip and without changing it. Throws STATE_INVALID as parseFacts() does. */
export async function gatherFacts(
  host: Host,
  endpointHost: string,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Facts> {
  const askedAt = clock.now();
  const { stdout } = await host.query(factsCommand(endpointHost), signal);
  return parseFacts(stdout, askedAt, host.name);
}

/** The part of the facts that tells how long a machine's certificates are good. */
export async function gatherCertificates(
  host: Host,
  signal?: AbortSignal,
): Promise<Pick<Facts, 'certificates' | 'clockMs'>> {
  const { stdout } = await host.query(certificatesCommand, signal);
  return parseCertificates(stdout, host.name);
}
