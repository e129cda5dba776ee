import type { Cluster, Machine } from '../config/cluster.ts';
import type { Host } from '../host/host.ts';
import { LoggedHost } from '../host/logged.ts';
import { connectSsh } from '../host/ssh/connect.ts';

export interface ConnectOptions {
  /** Environment of kboot, with HOME: where keys, agents and configuration of SSH are looked for. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Takes each line of the log: every command and what came of it. */
  readonly log: (line: string) => void;
}

/** Connects to a machine of the cluster file over SSH, as the file says. Throws as connectSsh() does. */
export async function connect(
  { name, address, ssh }: Machine,
  cluster: Cluster,
  { env, signal, log }: ConnectOptions,
): Promise<Host> {
  const host = await connectSsh(
    {
      name,
      address: ssh.host === name ? undefined : ssh.host,
      fallback: address,
      port: ssh.port,
      user: ssh.user,
    },
    {
      identityFile: ssh.identityFile,
      sshConfigFile: cluster.ssh.config,
      knownHostsFile: cluster.ssh.knownHosts,
      strictHostKey: cluster.ssh.hostKeys,
      signal,
      env,
    },
  );
  return new LoggedHost(host, log);
}
