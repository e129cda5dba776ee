import type { Host } from '../host/host.ts';
import type { PatchFiles } from '../kubeadm/patches.ts';

/**
 * Writes kubeadm's configuration and its folder of patches, readable by root only: the configuration holds a
 * token. The sweep phase takes both away.
 */
export async function writeRunFiles(
  host: Host,
  config: string,
  content: string,
  patches: string,
  files: PatchFiles,
  signal: AbortSignal,
): Promise<void> {
  await host.writeFile(config, content, 0o600, signal);
  for (const [name, text] of Object.entries(files)) {
    await host.writeFile(`${patches}/${name}`, text, 0o600, signal);
  }
}
