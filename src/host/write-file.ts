import { Buffer } from 'node:buffer';
import { type Command, script } from './command.ts';

// The mode is set before the content comes, the length is compared because a lost connection looks like the
// end of the input, and the data is on disk before the name is. Nobody may be there to read the message: without
// PIPE ignored, saying it would end the script before it has cleaned up.
const WRITE = `
umask 022
mkdir -p -- "$(dirname -- "$1")"
temporary=$(mktemp -- "$(dirname -- "$1")/.kboot-XXXXXXXX")
trap 'rm -f -- "$temporary"' EXIT
trap '' PIPE
chmod "$2" "$temporary"
cat >"$temporary"
[ "$(wc -c <"$temporary")" -eq "$3" ] || { echo "the content was cut off" >&2; exit 1; }
sync "$temporary"
mv -fT -- "$temporary" "$1"
trap - EXIT`;

/**
 * The command that writes a root-owned file atomically: a temporary name beside it, synced, then renamed;
 * missing parents are made with mode 0755. `mode` is a number like 0o600. Throws TypeError for a relative path.
 */
export function writeFileCommand(path: string, content: string, mode: number): Command {
  if (!path.startsWith('/')) throw new TypeError(`not an absolute path: ${path}`);
  const length = Buffer.byteLength(content);
  return { ...script(WRITE, path, mode.toString(8), `${length}`), stdin: content, sudo: true };
}
