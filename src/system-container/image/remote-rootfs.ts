import type { Host } from '../../host/host.ts';
import { remoteScript } from '../../host/remote-script.ts';
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
  const { stdout } = await host.query(
    { ...remoteScript('system-container/read-rootfs', given, ...EXPORT_FILES), sudo: true },
    signal,
  );
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
