import { script } from '../../host/command.ts';
import { CLEAR_DAMAGED } from '../../host/damaged-blobs.ts';
import type { Host } from '../../host/host.ts';
import type { DeploymentSpec } from '../deployment/deployment-spec.ts';
import { FINGERPRINT_SCRIPT } from '../layer/fingerprint.ts';
import type { LayerStep } from '../layer/merge.ts';
import { CHECKOUT_ROOT } from '../machine/paths.ts';

/** Unpacking may have to wait for a slow disk. */
const UNPACK_TIMEOUT_MS = 30 * 60 * 1000;

/**
 * Makes the checkout root $root when it is missing. All that is missing of its path comes into being at once,
 * by one rename, with a note of what was made: the last uninstall takes just that away again.
 */
const MAKE_ROOT = `
make_root() {
  if [ -d "$root/.storage" ]; then return; fi
  first=$root/.storage
  while [ ! -d "\${first%/*}" ]; do first=\${first%/*}; done
  new=\${first%/*}/.kboot-new
  rm -rf "$new"
  inside=$new\${store#"$first"}
  mkdir -p "$inside"
  chmod 700 "$inside"
  made=$root
  while [ "$made" != "\${first%/*}" ] && [ "$first" != "$store" ]; do
    printf '%s\\n' "$made" >> "$inside/../.created-directories"
    made=\${made%/*}
  done
  mv -T "$new" "$first"
}
`;

/**
 * $1 checkout root, then folders with blobs; on stdin `HEX FINGERPRINT` lines, each followed by lines ` NAME`
 * for archive members that are left out. Every layer is unpacked under a temporary name; one sync makes all of
 * them durable, then they get their names.
 */
const UNPACK = `${MAKE_ROOT}${CLEAR_DAMAGED}
umask 022
root=$1 store=$1/.storage
shift
make_root
for old in "$store"/.new.*; do
  if ! kill -0 "\${old##*.}" 2> /dev/null; then rm -rf "$old"; fi
done
temporary=$store/.new.$$
trap 'rm -rf "$temporary"' EXIT
trap 'exit 129' HUP INT TERM
mkdir "$temporary"
lists=$temporary/lists
mkdir "$lists"
while IFS= read -r line; do
  case $line in
    ' '*) printf '%s\\n' "\${line# }" >> "$lists/$hex" ;;
    *) hex=\${line% *}; printf '%s\\n' "$line" >> "$lists/layers"; : > "$lists/$hex" ;;
  esac
done
unpack() {
  for place do if [ -f "$place/$hex" ]; then blob=$place/$hex; break; fi; done
  if [ -z "\${blob-}" ]; then
    echo "Layer not found: $hex.  Please pull the image again" >&2
    exit 1
  fi
  mkdir "$temporary/$hex"
  cd "$temporary/$hex"
  # What is on stdin is never guessed at: a file could be one thing to kboot and another to tar.
  gzip=
  if [ "$(head -c 2 "$blob" | od -A n -t x1)" = ' 1f 8b' ]; then gzip=z; fi
  tar -x"$gzip"pf - < "$blob" --numeric-owner --delay-directory-restore --xattrs --xattrs-include='*' \\
    --anchored --no-wildcards -X "$lists/$hex" --no-anchored --wildcards --exclude='.wh.*'
  found=$(${FINGERPRINT_SCRIPT})
  if [ "\${found%% *}" != "$expected" ]; then
    echo "layer $hex was unpacked to other files than it lists" >&2
    exit 1
  fi
}
running=
while read -r hex expected; do
  if [ -d "$store/$hex" ]; then continue; fi
  ( unpack "$@" ) &
  running="$running $!"
done < "$lists/layers"
failed=
for job in $running; do wait "$job" || failed=yes; done
if [ -n "$failed" ]; then
  # Only the first folder holds what kboot sent; another one is containerd's.
  clear_damaged "$1" $(cut -d' ' -f1 "$lists/layers")
  exit 1
fi
if [ -z "$running" ]; then exit 0; fi
sync -f "$store"
rm -rf "$lists"
for layer in "$temporary"/*; do
  place=$store/\${layer##*/}
  mv -T "$layer" "$place" || [ -d "$place" ]
done
`;

export interface UnpackOptions {
  readonly root: string;
  /** Folders on the machine which hold blobs as `HEX`, in the order of trying. */
  readonly blobDirs: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Name of a layer in the store. */
export const layerName = ({ digest }: Pick<LayerStep, 'digest'>): string => digest.replace(/^sha256:/, '');

/**
 * Unpacks those layers which the machine's store lacks; layers that are there cost nothing. Fails when a blob
 * is in none of the folders. Nothing half-done is left under a layer's name.
 */
export async function unpackLayers(
  host: Host,
  layers: readonly LayerStep[],
  { root, blobDirs, signal }: UnpackOptions,
): Promise<void> {
  const lines = layers.flatMap((layer) => [
    `${layerName(layer)} ${layer.fingerprint}`,
    ...layer.leftOut.map((name) => ` ${name}`),
  ]);
  await host.change(
    {
      ...script(UNPACK, root, ...blobDirs),
      stdin: lines.map((line) => `${line}\n`).join(''),
      sudo: true,
      timeoutMs: UNPACK_TIMEOUT_MS,
    },
    signal,
  );
}

/** Unpacks the layers of a deployment that the store, as it was listed, lacks; none for a remote root filesystem. */
export async function unpackMissing(
  host: Host,
  { image, remote }: Pick<DeploymentSpec, 'image' | 'remote'>,
  stored: ReadonlySet<string>,
  blobDirs: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const steps = remote ? [] : image.steps;
  if (stored.size > 0 && steps.every((step) => stored.has(layerName(step)))) return;
  await unpackLayers(host, steps, { root: CHECKOUT_ROOT, blobDirs, signal });
}
