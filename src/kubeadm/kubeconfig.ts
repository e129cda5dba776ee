import { parse, stringify } from 'yaml';
import { z } from 'zod';

const AdminConf = z.object({
  clusters: z.array(z.object({ cluster: z.looseObject({ server: z.string() }) })).min(1),
  users: z.array(z.object({ user: z.looseObject({}) })).min(1),
});

export interface KubeconfigOptions {
  /** The cluster's name: names its cluster, user and context. */
  readonly name: string;
  /** `host:port` that the operator's machine can reach. */
  readonly server: string;
}

/**
 * kubeadm's admin.conf for use elsewhere: names of its own, so that it can be merged with others, and a server
 * that can be reached. The result holds the administrator's key.
 */
export function kubeconfigFrom(adminConf: string, { name, server }: KubeconfigOptions): string {
  const { clusters, users } = AdminConf.parse(parse(adminConf));
  const user = `${name}-admin`;
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name,
          cluster: {
            ...clusters[0]?.cluster,
            server: `https://${server}`,
          },
        },
      ],
      users: [{ name: user, user: users[0]?.user }],
      contexts: [{ name, context: { cluster: name, user } }],
      'current-context': name,
    },
    { lineWidth: 0 },
  );
}
