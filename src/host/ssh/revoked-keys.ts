import { readFileSync } from 'node:fs';

/** What a key revocation list begins with (PROTOCOL.krl of OpenSSH). */
const KRL_MAGIC = 'SSHKRL\n\0';

/**
 * The keys of a RevokedHostKeys file, one public key a line: in the wire format, base64. Throws when the file is
 * not there, as ssh refuses every key then, and when it is a key revocation list, which is not read.
 */
export function readRevokedKeys(file: string): ReadonlySet<string> {
  const text = readFileSync(file, 'latin1');
  if (text.startsWith(KRL_MAGIC)) {
    throw new Error('it is a key revocation list; kboot reads a list of public keys only, one a line');
  }
  const keys = text.split('\n').flatMap((line) => {
    const [type, key] = line.trim().split(/\s+/);
    return type === undefined || type.startsWith('#') || key === undefined ? [] : [key];
  });
  return new Set(keys);
}
