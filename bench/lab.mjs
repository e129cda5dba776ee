import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { promisify } from 'node:util';
import { labDown, labUp } from '../dist/lab/lab.js';

const NAME = 'bench';
const context = { env, home: homedir() };

export const MASTER = 'master.example.com';
export const NODES = ['node1.example.com', 'node2.example.com'];

/** A fresh lab of one master and two nodes, with its folder for kboot.yaml. */
export async function startLab() {
  const folder = await mkdtemp(join(tmpdir(), 'kboot-bench-'));
  const lab = await labUp(
    { name: NAME, masters: 1, nodes: 2, clusterFile: join(folder, 'kboot.yaml') },
    context,
  );
  return { lab, folder, sshConfig: lab.files.sshConfig };
}

/** Takes the lab and its folder away. */
export async function stopLab({ folder }) {
  await labDown(NAME, {}, context);
  await rm(folder, { recursive: true, force: true });
}

/** Runs a shell script on a machine by plain ssh; resolves with its output. */
export async function ssh({ sshConfig }, machine, script) {
  const { stdout } = await promisify(execFile)('ssh', ['-F', sshConfig, machine, script], {
    maxBuffer: 1 << 26,
  });
  return stdout.trim();
}

/** Runs kubectl on the master, with what it is to read on standard input. */
export async function kubectl({ sshConfig }, args, input = '') {
  const line = ['kubectl', '--kubeconfig', '/etc/kubernetes/admin.conf', ...args].join(' ');
  const running = promisify(execFile)('ssh', ['-F', sshConfig, MASTER, line], { maxBuffer: 1 << 26 });
  running.child.stdin.end(input);
  return (await running).stdout;
}

/** Sends a local command's output into a script on a machine, as one would with a pipe and ssh. */
export function pipeTo({ sshConfig }, machine, command, script) {
  const line = `${command} | ssh -F '${sshConfig}' ${machine} "${script}"`;
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-o', 'pipefail', '-c', line], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit code ${code}: ${line}`))));
  });
}

/** Bytes that the machine's network card has received. */
export async function received(bench, machine) {
  return Number(await ssh(bench, machine, 'cat /sys/class/net/eth0/statistics/rx_bytes'));
}

/** Seconds that a task takes, with what it resolves with. */
export async function timed(task) {
  const start = performance.now();
  const value = await task();
  return { seconds: (performance.now() - start) / 1000, value };
}
