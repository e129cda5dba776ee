import { dirname, join, resolve } from 'node:path';
import type { Cluster, Machine } from './cluster.ts';
import { DEFAULTS } from './defaults.ts';
import { durationMs } from './duration.ts';
import type { Written } from './schema.ts';

type WrittenMachine = Written['masters'][number];

/**
 * Fills in every default and makes paths absolute: those in the file are relative to the file, `~/` is `home`.
 * `file` is the absolute path of kboot.yaml.
 */
export function normalise(written: Written, file: string, home: string): Cluster {
  const absolute = (path: string | undefined): string | undefined => {
    if (path === undefined) return undefined;
    return path.startsWith('~/') ? join(home, path.slice(2)) : resolve(dirname(file), path);
  };
  const { ssh, network } = written;
  const machine =
    (role: Machine['role']) =>
    (item: WrittenMachine): Machine => ({
      name: item.name,
      role,
      address: item.address,
      ssh: {
        host: item.ssh?.host ?? item.name,
        port: item.ssh?.port ?? ssh?.port,
        user: item.ssh?.user ?? ssh?.user,
        identityFile: absolute(item.ssh?.identityFile ?? ssh?.identityFile),
      },
      workloads: item.workloads ?? role === 'node',
    });
  return {
    file,
    name: written.name ?? DEFAULTS.name,
    kubernetes: written.kubernetes,
    endpoint: written.endpoint ?? `${written.masters[0]?.name}:${DEFAULTS.apiPort}`,
    endpointIsDefault: written.endpoint === undefined,
    bundle: { path: absolute(written.bundle?.path), digest: written.bundle?.digest },
    ssh: {
      config: absolute(ssh?.config),
      knownHosts: absolute(ssh?.knownHosts),
      hostKeys: ssh?.hostKeys,
    },
    network: {
      pods: network?.pods ?? DEFAULTS.network.pods,
      services: network?.services ?? DEFAULTS.network.services,
      dnsDomain: network?.dnsDomain ?? DEFAULTS.network.dnsDomain,
      backend: network?.backend ?? DEFAULTS.network.backend,
    },
    masters: written.masters.map(machine('master')),
    nodes: (written.nodes ?? []).map(machine('node')),
    allowSwap: written.allowSwap ?? false,
    waitMs: durationMs(written.wait ?? DEFAULTS.wait) ?? Number.NaN,
  };
}
