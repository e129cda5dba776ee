import { script } from '../../host/command.ts';
import type { Host } from '../../host/host.ts';
import { KbootError } from '../../lib/errors.ts';
import type { LayerEntry } from '../layer/entry.ts';
import { EXPORT_FILES, type ExportFile, type SystemImage } from './image.ts';
import { parseManifest } from './manifest.ts';

/** A root filesystem that is on the machine already. */
export interface RemoteRootfs {
  /** As it was given. */
  readonly given: string;
  /** Its absolute path, without links. */
  readonly rootfs: string;
  /** It was found inside the folder that was given: a deployment, say. */
  readonly inFolder: boolean;
}

/**
 * $1 the folder, then the files of /exports. Prints `rootfs PATH FORM`, `file NAME CONTENT` and, for what is below
 * /exports/hostfs, `entry TYPE MODE PATH TARGET CHECKSUM CONTENT`, separated by tabs; names and contents are in
 * base64, contents of files of more than 256 KiB are left out.
 */
const LOOK = `
encode() { printf '%s' "$1" | base64 -w 0; }
if ! dir=$(readlink -e -- "$1"); then printf 'missing\\n'; exit 0; fi
shift
if [ -d "$dir/rootfs" ]; then rootfs=$(readlink -e -- "$dir/rootfs"); form=folder
elif [ -d "$dir/usr" ] && [ "\${dir##*/}" = rootfs ]; then rootfs=$dir; form=rootfs
else printf 'none\\n'; exit 0; fi
printf 'rootfs\\t%s\\t%s\\n' "$(encode "$rootfs")" $form
if [ -d "$rootfs/exports" ] && [ ! -L "$rootfs/exports" ]; then printf 'exports\\n'; fi
for file do
  if [ -f "$rootfs/exports/$file" ] && [ ! -L "$rootfs/exports/$file" ]; then
    printf 'file\\t%s\\t%s\\n' "$file" "$(base64 -w 0 "$rootfs/exports/$file")"
  fi
done
if [ ! -d "$rootfs/exports/hostfs" ] || [ -L "$rootfs/exports/hostfs" ]; then exit 0; fi
cd "$rootfs/exports/hostfs"
find . -mindepth 1 -exec sh -c '
  for path do
    mode=$(stat -c %a "$path") sum=- text=- target=
    if [ -L "$path" ]; then type=link target=$(readlink -n "$path")
    elif [ -d "$path" ]; then type=directory
    elif [ -f "$path" ]; then
      type=file sum=$(sha256sum < "$path"); sum=\${sum%% *}
      if [ "$(stat -c %s "$path")" -le 262144 ]; then text=$(base64 -w 0 "$path"); fi
    else continue; fi
    printf "entry\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n" $type "$mode" "$(printf %s "\${path#.}" | base64 -w 0)" \\
      "$(printf %s "$target" | base64 -w 0)." "$sum" "$text."
  done' sh {} +
`;

/**
 * Looks at a root filesystem on the machine, and gives back the image with everything from there: of the image itself
 * only its name and id remain. Throws REFUSED when the folder holds none, STATE_INVALID for an
 * answer that no healthy machine gives.
 */
export async function useRemoteRootfs(
  host: Host,
  image: SystemImage,
  given: string,
  signal?: AbortSignal,
): Promise<{ readonly image: SystemImage; readonly remote: RemoteRootfs }> {
  const { stdout } = await host.query({ ...script(LOOK, given, ...EXPORT_FILES), sudo: true }, signal);
  const lines = stdout.split('\n').map((line) => line.split('\t'));
  const refused = (what: string) =>
    new KbootError('REFUSED', `${host.name}: ${what}: ${given}`, { host: host.name });
  if (lines.some(([kind]) => kind === 'missing')) {
    throw refused("The container's rootfs is set to remote, but the remote rootfs does not exist");
  }
  const found = lines.find(([kind]) => kind === 'rootfs');
  if (!found) throw refused('--rootfs names a folder that does not contain a rootfs');
  const files: Partial<Record<ExportFile, string>> = {};
  for (const [kind, name, content = ''] of lines) {
    if (kind === 'file') files[name as ExportFile] = decode(content);
  }
  const hostTree = lines.flatMap((line) => (line[0] === 'entry' ? [entryOf(line, host.name)] : []));
  return {
    image: {
      ...{ name: image.name, id: image.id, runOnce: image.runOnce, steps: [], files },
      // Its files are not in the deployment.
      guarded: false,
      hasExports: lines.some(([kind]) => kind === 'exports'),
      hostTree: hostTree.sort((a, b) => (a.path < b.path ? -1 : 1)),
      manifest: parseManifest(files['manifest.json'], image.name),
    },
    remote: { given, rootfs: decode(found[1] ?? ''), inFolder: found[2] === 'folder' },
  };
}

function entryOf(line: readonly string[], host: string): LayerEntry {
  const [, type = '', mode = '', path = '', target = '', sha256 = '', text = ''] = line;
  if (!/^(file|directory|link)$/.test(type) || !/^[0-7]{1,4}$/.test(mode)) {
    throw new KbootError(
      'STATE_INVALID',
      `${host}: its list of files cannot be read: ${line.slice(0, 3).join(' ').slice(0, 80)}`,
      {
        host,
        hint: `see what stat -c %a prints on ${host}, and whether ${host} can be trusted`,
      },
    );
  }
  const common = { path: decode(path), mode: Number.parseInt(mode, 8) };
  if (type === 'link') return { type: 'link', path: common.path, target: decode(target.slice(0, -1)) };
  if (type === 'directory') return { type: 'directory', ...common, owner: '0:0' };
  const content = text.slice(0, -1);
  return { type: 'file', ...common, sha256, ...(content !== '-' && { text: decode(content) }) };
}

const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');
