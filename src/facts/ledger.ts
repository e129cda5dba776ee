import { z } from 'zod';
import { KbootError } from '../lib/errors.ts';

/** What can be an argument of a command. */
const word = z.string().regex(/^[^\0]*$/);

/**
 * What kboot changed on a machine, apart from what the system containers record themselves; kept in
 * /var/lib/kboot/ledger.json, so that reset puts back exactly what was there. Written before the first change.
 */
const Ledger = z.object({
  /** Version of this format. A later kboot reads every earlier one. */
  version: z.literal(1),
  cluster: z.string(),
  role: z.enum(['master', 'node']),
  /** ISO 8601 */
  createdAt: z.string(),
  /** Kernel settings before kboot, by name. */
  sysctls: z.record(word, word),
  /** Paths which the cluster makes and which were there before it: reset leaves them. */
  kept: z.array(word),
  /** Those of them that were empty directories: reset empties them again. */
  empty: z.array(word),
  /** Network links that were there before. */
  links: z.array(word),
  /** Kernel modules that were not loaded before and that the cluster brings; what uses another stands before it. */
  modules: z.array(word).default([]),
});

export type Ledger = Readonly<z.output<typeof Ledger>>;

/** Reads a ledger. Throws STATE_INVALID when it is damaged or of a version that this kboot does not know. */
export function parseLedger(text: string, host: string): Ledger {
  try {
    return Ledger.parse(JSON.parse(text));
  } catch (cause) {
    throw new KbootError('STATE_INVALID', `${host}: kboot's ledger cannot be read`, {
      host,
      cause,
      hint: 'it was written by a later kboot or damaged: use that version, or look at /var/lib/kboot/ledger.json',
    });
  }
}

/** The file's content. */
export const ledgerText = (ledger: Ledger): string => `${JSON.stringify(ledger, null, 2)}\n`;
