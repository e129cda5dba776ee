import { KbootError } from '../../lib/errors.ts';

/** What OpenSSH 9.6 and later refuse in names from the command line, and for the same reason. */
const UNSAFE = /^-|['`"$\\;&<>|(){}\s\p{C}]/u;

/**
 * Throws CONFIG_INVALID for a name that could be more than a name to a shell: names get into the commands of
 * the operator's own ssh configuration (`Match exec` with %h or %r), and into known_hosts. The keys of `names`
 * say what each is; undefined ones are passed over.
 */
export function requirePlain(machine: string, names: Readonly<Record<string, string | undefined>>): void {
  for (const [what, name] of Object.entries(names)) {
    if (name === undefined || !UNSAFE.test(name)) continue;
    throw new KbootError(
      'CONFIG_INVALID',
      `${machine}: not a name for ssh: ${what} ${JSON.stringify(name)}`,
      {
        host: machine,
        hint: 'names of machines and users begin with no dash and have no blanks, quotes or characters that a shell would act on',
      },
    );
  }
}
