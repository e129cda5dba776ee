import { homedir } from 'node:os';
import { env } from 'node:process';
import { connectSsh } from '../../dist/host/ssh/connect.js';

const ADMIN_CONF = '/etc/kubernetes/admin.conf';

/** Longest time for one question; a wait in kubectl comes on top of it. */
const TIMEOUT_MS = 120_000;

/** Connects to every machine of a cluster file. Dispose of the result: `await using`, or `end()`. */
export async function connectAll(cluster) {
  const machines = [...cluster.masters, ...cluster.nodes];
  const hosts = new Map();
  for (const { name } of machines) {
    const options = { sshConfigFile: cluster.ssh.config, strictHostKey: cluster.ssh.hostKeys };
    hosts.set(name, await connectSsh({ name }, { ...options, env: { ...env, HOME: homedir() } }));
  }
  const end = () => Promise.all([...hosts.values()].map((host) => host[Symbol.asyncDispose]()));
  return { hosts, machines, master: hosts.get(cluster.masters[0].name), end };
}

const command = (args, stdin) => ({
  argv: ['kubectl', '--kubeconfig', ADMIN_CONF, ...args],
  sudo: true,
  timeoutMs: TIMEOUT_MS,
  ...(stdin !== undefined && { stdin }),
});

/** Runs kubectl on the master for something that changes nothing; resolves with its output. */
export async function kubectl(master, ...args) {
  const { stdout } = await master.query(command(args));
  return stdout.trim();
}

/** The same, parsed. */
export const kubectlJson = async (master, ...args) =>
  JSON.parse(await kubectl(master, ...args, '-o', 'json'));

/** Makes objects in the cluster, or changes them into these. */
export async function apply(master, objects) {
  await master.change(command(['apply', '-f', '-'], JSON.stringify(objects)));
}
