import { pack } from 'tar-stream';
import { script } from '../host/command.ts';
import type { Host } from '../host/host.ts';
import type { HostFile } from './host-files.ts';
import type { LayerStep } from './layer-merge.ts';
import { layerName } from './layer-store.ts';
import { tmpfilesCopy, tmpfilesPath, unitName, unitPath } from './paths.ts';
import { SHELL_FUNCTIONS } from './shell.ts';
import { canBeEnabled } from './unit.ts';

/** Everything that is decided about a new deployment. */
export interface Decided {
  readonly root: string;
  readonly name: string;
  readonly steps: readonly LayerStep[];
  readonly config: string;
  readonly info: string;
  readonly unit: string | undefined;
  /** `` for none. */
  readonly tmpfiles: string;
  /** To be created, in this order. */
  readonly hostFiles: readonly HostFile[];
  /** Paths of units among the host files which are enabled and started. */
  readonly units: readonly string[];
  /** Directories that tmpfiles will make, parents first. */
  readonly stateDirectories: readonly string[];
  /** What an interrupted install left: its host files in the order of creation, and its units. */
  readonly leftovers: Leftovers;
}

export interface Leftovers {
  readonly installed: readonly { readonly path: string; readonly checksum: string }[];
  readonly units: readonly string[];
}

const APPLY_TIMEOUT_MS = 15 * 60 * 1000;

/**
 * $1 checkout root, $2 container, $3 unit path, $4 tmpfiles path, $5 units to enable, $6 paths of units to start,
 * $7 paths of units of an interrupted install; on stdin an archive, see archiveOf. The link is the last thing
 * made before the units are started: without it, all that is here is a leftover and cleared by the next install,
 * and whatever fails takes everything back.
 */
const APPLY = `${SHELL_FUNCTIONS}
umask 022
root=$1 name=$2 unit=$3 tmpfiles=$4
deployment=$root/$name.0
staging=$root/.new-$name

take_back() {
  list=$1
  shift
  switch_off "$@"
  if is_copy "$deployment/$name.service" "$unit"; then
    switch_off "$unit"
    rm -f "$unit"
  fi
  if is_copy "$deployment/tmpfiles-$name.conf" "$tmpfiles"; then
    systemd-tmpfiles --remove "$tmpfiles" || true
    rm -f "$tmpfiles"
  fi
  for file in "$unit" "$tmpfiles"; do rm -f "\${file%/*}/.kboot-new.\${file##*/}"; done
  remove_host_files < "$list" > /dev/null
  rm -f "$root/$name"
  remove_deployments "$root/$name"
  systemctl daemon-reload || true
}

finish() {
  code=$?
  trap '' HUP INT TERM PIPE
  trap - EXIT
  set +e
  if [ -z "$complete" ]; then take_back "$staging/created" $units; fi
  rm -rf "$staging"
  exit "$code"
}

units=$6
complete=yes
rm -rf "$staging" "$root/.link-$name"
mkdir "$staging"
trap finish EXIT
trap 'exit 129' HUP INT TERM PIPE
tar -xf - -C "$staging" --no-same-owner
if [ -e "$deployment" ] || [ -e "$root/$name.1" ]; then take_back "$staging/leftovers" $7; fi
sync "$staging"/deployment/*
complete=
mv -T "$staging/deployment" "$deployment"

how=-a
trial=$root/.storage/.trial.$$
: > "$trial"
if ln "$trial" "$staging/trial" 2> /dev/null; then how=-al; fi
rm -f "$trial"
mkdir "$deployment/rootfs"
cd "$deployment/rootfs"
at=0
while read -r layer; do
  xargs -0 -r rm -rf -- < "$staging/remove.$at"
  cp $how "$root/.storage/$layer/." .
  xargs -0 -r -n 3 sh -c 'chown "$1" "$3" && chmod "$2" "$3"' sh < "$staging/keep.$at"
  at=$((at + 1))
done < "$staging/layers"

while IFS=$tab read -r kind mode from to; do
  if [ "$kind" = directory ]; then
    if [ ! -d "$to" ]; then mkdir -m "$mode" "$to"; fi
  elif [ -e "$to" ] || [ -L "$to" ]; then printf 'existing\\t%s\\n' "$to"
  elif [ "$kind" = link ]; then ln -sT -- "$from" "$to"
  else put "$from" "$to" "$mode"; fi
done < "$staging/host-files"
cd /
if [ -f "$staging/no-service" ]; then rm -rf "$deployment/rootfs"; fi

for file in "$name.service$tab$unit" "tmpfiles-$name.conf$tab$tmpfiles"; do
  copy=$deployment/\${file%%"$tab"*} place=\${file#*"$tab"}
  if [ ! -f "$copy" ]; then continue; fi
  if [ -e "$place" ] || [ -L "$place" ]; then
    echo "The file $place already exists." >&2
    exit 1
  fi
  put "$copy" "$place" 644
done
systemctl daemon-reload
if [ -f "$deployment/tmpfiles-$name.conf" ]; then systemd-tmpfiles --create "$tmpfiles"; fi
if [ -n "$5" ]; then systemctl --quiet enable $5; fi
sync -f "$root"
ln -sT "$deployment" "$root/.link-$name"
mv -T "$root/.link-$name" "$root/$name"
for file in $units; do systemctl start "\${file##*/}"; done
complete=yes
`;

/** Makes the deployment. Returns host files that turned out to be there already. */
export async function applyInstall(
  host: Host,
  decided: Decided,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { root, name, unit, units, leftovers } = decided;
  const enabled = [
    ...(unit !== undefined && canBeEnabled(unit) ? [unitName(name)] : []),
    ...units.map((path) => path.slice(path.lastIndexOf('/') + 1)),
  ];
  const { stdout } = await host.change(
    {
      ...script(
        APPLY,
        ...[root, name, unitPath(name), tmpfilesPath(name)],
        ...[enabled.join(' '), units.join(' '), leftovers.units.join(' ')],
      ),
      stdin: await archiveOf(decided),
      sudo: true,
      timeoutMs: APPLY_TIMEOUT_MS,
    },
    signal,
  );
  return stdout
    .split('\n')
    .flatMap((line) => (line.startsWith('existing\t') ? [line.slice('existing\t'.length)] : []));
}

/** The lists and texts that the script works from, by their name in the archive. */
function filesOf(decided: Decided): ReadonlyMap<string, string> {
  const { root, name, steps, unit, tmpfiles, hostFiles, stateDirectories, leftovers } = decided;
  const files = new Map([
    ['deployment/config.json', decided.config],
    ['deployment/info', decided.info],
    ['layers', steps.map((step) => `${layerName(step)}\n`).join('')],
    ['created', removalList([...hostFiles, ...stateDirectories.map((path) => ({ path, checksum: '0' }))])],
    ['leftovers', removalList(leftovers.installed)],
  ]);
  if (unit === undefined) files.set('no-service', '');
  else files.set(`deployment/${unitName(name)}`, unit);
  if (tmpfiles !== '') files.set(`deployment/${tmpfilesCopy(name)}`, tmpfiles);
  for (const [at, { remove, keep }] of steps.entries()) {
    files.set(`remove.${at}`, remove.map((path) => `./${path}\0`).join(''));
    const kept = keep.map(({ owner, mode, path }) => `${owner}\0${mode.toString(8)}\0./${path}\0`);
    files.set(`keep.${at}`, kept.join(''));
  }
  const lines = hostFiles.map((file, at) => {
    if (file.kind === 'link') return ['link', '-', file.target, file.path];
    const mode = file.mode.toString(8);
    if (file.kind === 'directory') return ['directory', mode, '-', file.path];
    if (file.kind === 'copy') return ['copy', mode, `${root}/${name}.0/rootfs/${file.source}`, file.path];
    files.set(`text.${at}`, file.text);
    return ['text', mode, `${root}/.new-${name}/text.${at}`, file.path];
  });
  files.set('host-files', lines.map((line) => `${line.join('\t')}\n`).join(''));
  return files;
}

/** Children before their parents, as they have to be removed. */
export function removalList(installed: Decided['leftovers']['installed']): string {
  return installed
    .toReversed()
    .map(({ path, checksum }) => `${checksum}\t${path}\n`)
    .join('');
}

async function archiveOf(decided: Decided): Promise<Uint8Array> {
  const archive = pack();
  for (const [name, text] of filesOf(decided)) archive.entry({ name, mode: 0o644 }, text);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
