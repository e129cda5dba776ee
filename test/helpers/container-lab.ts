import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import { connectSsh } from '../../src/host/ssh/connect.ts';
import {
  installSystemContainer,
  machineCapabilities,
  type SystemImage,
  updateSystemContainer,
} from '../../src/system-container/index.ts';
import type { TestLayer } from '../system-container/make-image.ts';
import { type TestLab, useLab } from './lab.ts';
import { script } from './script.ts';

/** Where the blobs of test images lie on the machine. */
export const BLOBS = '/var/tmp/blobs';

export const STORE = '/var/lib/containers/atomic/.storage';

/** All files with their modes, owners, link targets and contents, all units that are not in memory only, all mounts. */
const SNAPSHOT = `
find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /dev -o -path /var/log -o -path /var/tmp \\) \\
  -prune -o -printf '%M %u %g %l %p\\n' | sort
find /var -xdev \\( -path /var/log -o -path /var/tmp \\) -prune -o -printf '%M %u %g %l %p\\n' | sort
systemctl list-units --all --plain --no-legend 'kb*' 'container*' | sort
find /etc -type f -exec sha256sum {} + | sort
grep -v -e ' /run/user/' /proc/self/mountinfo | cut -d' ' -f5 | sort
`;

/**
 * Kills, with all its children, the next script that changes containers. $1 is how many seconds after it began. It
 * waits ten seconds at most: a change that was over sooner is no kill.
 */
const KILL = `
end=$(($(date +%s) + 10))
until found=$(grep -l -s -e 'build_[r]ootfs' -e '"$root"/.[o]nce-' -e 'has "\\$[n]ame.service"' -e 'tar -[x]"' /proc/[0-9]*/cmdline); do
  if [ "$(date +%s)" -ge "$end" ]; then echo late; exit 0; fi
done
sleep "$1"
killed=
for file in $found; do
  pid=\${file#/proc/}
  pid=\${pid%/cmdline}
  for child in $(cat /proc/$pid/task/*/children 2> /dev/null); do kill -9 "$child" 2> /dev/null || true; done
  if kill -9 "$pid" 2> /dev/null; then killed=yes; fi
done
echo "killed \${killed:-nothing}"
`;

/** One bare machine with runc, for tests of the engine. */
export interface ContainerLab {
  readonly own: TestLab;
  readonly host: Host;
  readonly capabilities: readonly string[];
  /** Runs a script as root and gives back what it prints. */
  sh(text: string, ...args: string[]): Promise<string>;
  /** What would show a leftover. */
  snapshot(): Promise<string>;
  /** Kills the next change these seconds after it began; resolves with whether there was something to kill. */
  killNext(delaySeconds: number): Promise<boolean>;
  send(layers: readonly TestLayer[]): Promise<void>;
  install(
    image: SystemImage,
    name: string,
    values?: Readonly<Record<string, string>>,
  ): ReturnType<typeof installSystemContainer>;
  update(
    image: SystemImage,
    name: string,
    values?: Readonly<Record<string, string>>,
    prepareOnly?: boolean,
  ): ReturnType<typeof updateSystemContainer>;
}

/** Brings it up before the tests of the block. */
export function useContainerLab(): ContainerLab {
  const own = useLab({ masters: 1, nodes: 0 });
  let host: Host;
  let capabilities: readonly string[] = [];
  const runtime = '/usr/local/bin/runc';
  const sh = async (text: string, ...args: string[]) =>
    (await host.change({ ...script(text, ...args), sudo: true })).stdout;
  beforeAll(async () => {
    const [machine] = own.lab.machines;
    if (!machine) throw new Error('no machine');
    const options = { sshConfigFile: own.lab.files.sshConfig, env: { HOME: own.folder } };
    host = await connectSsh({ name: machine.name }, options);
    const bounding = await sh(`awk '/^CapBnd/ { print $2 }' /proc/self/status`);
    capabilities = machineCapabilities(bounding.trim());
    await host.change({
      ...script('mkdir -p /usr/local/bin; cat > /usr/local/bin/runc; chmod 755 /usr/local/bin/runc'),
      stdin: await readFile('/usr/sbin/runc'),
      sudo: true,
    });
  }, 300_000);
  afterAll(() => host?.[Symbol.asyncDispose]());
  const common = () => ({ capabilities, blobDirs: ['/nowhere', BLOBS], runtime });
  return {
    own,
    get host() {
      return host;
    },
    get capabilities() {
      return capabilities;
    },
    sh,
    snapshot: () => sh(SNAPSHOT),
    killNext: async (delay) => (await sh(KILL, String(delay))) === 'killed yes\n',
    async send(layers) {
      for (const { digest, blob } of layers) {
        await host.change({
          ...script('mkdir -p "$1"; cat > "$1/$2"', BLOBS, digest.slice(7)),
          stdin: blob,
          sudo: true,
        });
      }
    },
    install: (image, name, values = {}) => installSystemContainer(host, { image, name, values, ...common() }),
    update: (image, name, values = {}, prepareOnly = false) =>
      updateSystemContainer(host, { image, name, values, prepareOnly, ...common() }),
  };
}

/** A program without libraries: it writes its first argument into /state/out and waits to be told to end. */
const PROGRAM = `
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <string.h>
static void end(int signal) { _exit(0); }
int main(int argc, char **argv) {
  signal(SIGTERM, end);
  int out = open("/state/out", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (out < 0) return 1;
  if (write(out, argv[1], strlen(argv[1])) < 0) return 1;
  close(out);
  for (;;) pause();
}
`;

/** Compiles it. */
export async function compileTestProgram(folder: string): Promise<Buffer> {
  const program = path.join(folder, 'program');
  await execa('gcc', ['-static', '-Os', '-o', program, '-x', 'c', '-'], { input: PROGRAM });
  return readFile(program);
}

/** Its configuration: the greeting is what it writes, $STATE_DIRECTORY/$NAME where. */
export const PROGRAM_CONFIG = {
  ociVersion: '1.0.2',
  process: {
    terminal: false,
    user: { uid: 0, gid: 0 },
    args: ['/bin/program', '$GREETING'],
    cwd: '/',
    capabilities: { bounding: ['CAP_KILL', 'CAP_CHECKPOINT_RESTORE', 'CAP_SYS_RESOURCE'] },
  },
  root: { path: 'rootfs', readonly: true },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/state', type: 'bind', source: '$STATE_DIRECTORY/$NAME', options: ['rbind', 'rw'] },
  ],
  linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
};
