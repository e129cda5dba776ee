import { readFile, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import {
  directory,
  file,
  link,
  type Member,
  makeLayer,
  type TestLayer,
} from '../../system-container/make-image.ts';

/** What the scripts of the collection call, beside the programs that they are there for. */
const PROGRAMS = 'bash basename cat cut getent hostname ls mkdir mkfifo rm sleep tr'.split(' ');

const FOLDERS =
  `usr usr/bin usr/sbin usr/lib usr/lib64 usr/libexec usr/share usr/local usr/local/bin etc var var/lib
var/log run dev proc sys root home opt mnt`.split(/\s+/);

/** Says that it is ready where somebody wants to know, and stays until it is told to end; as systemd-notify it ends. */
const STAND_IN = `
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
static void end(int signal) { _exit(0); }
int main(int argc, char **argv) {
  const char *path = getenv("NOTIFY_SOCKET"), *message = "READY=1";
  struct sockaddr_un to = { .sun_family = AF_UNIX };
  signal(SIGTERM, end);
  if (path && strlen(path) < sizeof to.sun_path) {
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + strlen(path);
    strcpy(to.sun_path, path);
    if (*path == '@') to.sun_path[0] = 0;
    sendto(socket(AF_UNIX, SOCK_DGRAM, 0), message, strlen(message), 0, (struct sockaddr *)&to, length);
  }
  while (!strstr(argv[0], "systemd-notify")) pause();
  return 0;
}
`;

/** Compiles the program that stands in for those that the images run. */
export async function compileStandIn(folder: string): Promise<Buffer> {
  const program = join(folder, 'stand-in');
  await execa('gcc', ['-static', '-Os', '-o', program, '-x', 'c', '-'], { input: STAND_IN });
  return readFile(program);
}

/** This computer's programs of these names with their libraries, as members of a layer with one /usr. */
export async function programs(names: readonly string[] = PROGRAMS): Promise<readonly Member[]> {
  const libraries = new Set<string>();
  for (const name of names) {
    const { stdout } = await execa('ldd', [`/usr/bin/${name}`]);
    for (const [path] of stdout.matchAll(/(?<=\s)\/\S+/g)) libraries.add(path);
  }
  const copy = async (from: string, to: string) => file(to, await readFile(await realpath(from)), 0o755);
  return Promise.all([
    ...names.map((name) => copy(`/usr/bin/${name}`, `usr/bin/${basename(name)}`)),
    ...[...libraries].map((path) => copy(path, path.replace(/^\/(usr\/)?/, 'usr/'))),
  ]);
}

/** A root filesystem with bash, as the distributions of the collection have it. */
export async function userland(standIn: Buffer): Promise<TestLayer> {
  return makeLayer([
    ...FOLDERS.map((name) => directory(`${name}/`)),
    directory('tmp/', 0o1777),
    ...['bin', 'sbin', 'lib', 'lib64'].map((name) => link(name, `usr/${name}`)),
    link('var/run', '../run'),
    ...(await programs()),
    link('usr/bin/sh', 'bash'),
    file('usr/bin/stand-in', standIn, 0o755),
  ]);
}
