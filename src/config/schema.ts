import { z } from 'zod';
import { durationMs } from './duration.ts';
import { dnsNameProblem, machineNameProblem } from './names.ts';

/** A string that `problem` finds nothing wrong with. */
const checkedText = (problem: (text: string) => string | undefined) =>
  z.string().check((context) => {
    const message = problem(context.value);
    if (message !== undefined)
      context.issues.push({ code: 'custom', message, input: context.value, continue: true });
  });

const filled = z.string().min(1, 'must not be empty');
const machineName = checkedText(machineNameProblem);
const port = z.int().min(1).max(65535);

const sshTarget = z.strictObject({
  host: filled.optional(),
  port: port.optional(),
  user: filled.optional(),
  identityFile: filled.optional(),
});

const node = z.strictObject({
  name: machineName,
  address: z.ipv4('must be an IPv4 address like 10.0.0.10').optional(),
  ssh: sshTarget.optional(),
});

const master = node.extend({ workloads: z.boolean().optional() });

/** A list item that is only a name stands for a machine with nothing but that name. */
const orName = <T extends z.ZodType>(machine: T) =>
  z.preprocess((item) => (typeof item === 'string' ? { name: item } : item), machine);

const network = z.strictObject({
  pods: z.cidrv4('must be an IPv4 network like 10.244.0.0/16').optional(),
  services: z.cidrv4('must be an IPv4 network like 10.96.0.0/12').optional(),
  dnsDomain: checkedText(dnsNameProblem).optional(),
  backend: z.enum(['vxlan', 'host-gw']).optional(),
});

/** kboot.yaml as people write it: everything that has a default may be absent, nothing unknown may be there. */
export const WrittenCluster = z.strictObject({
  apiVersion: z.literal('kboot/v1'),
  kind: z.literal('Cluster'),
  name: checkedText(dnsNameProblem).optional(),
  kubernetes: z
    .string()
    .regex(/^v1\.\d+\.\d+$/, 'must be a whole version with the v in front, like v1.37.2')
    .optional(),
  endpoint: filled.optional(),
  bundle: z
    .strictObject({
      path: filled.optional(),
      digest: z
        .string()
        .regex(
          /^sha256:[0-9a-f]{64}$/,
          'must be sha256: and 64 hexadecimal digits, as `kboot bundle verify` prints it',
        )
        .optional(),
    })
    .optional(),
  ssh: sshTarget
    .omit({ host: true })
    .extend({
      config: filled.optional(),
      knownHosts: filled.optional(),
      hostKeys: z.enum(['accept-new', 'strict']).optional(),
    })
    .optional(),
  network: network.optional(),
  masters: z.array(orName(master)).min(1, 'must list at least one machine'),
  nodes: z.array(orName(node)).optional(),
  allowSwap: z.boolean().optional(),
  wait: z
    .string()
    .refine((text) => durationMs(text) !== undefined, 'must be a time like 90s, 15m or 1h, of at least 10s')
    .optional(),
});

/** What a valid kboot.yaml holds, before defaults; machines written as a name only are objects already. */
export type Written = z.output<typeof WrittenCluster>;
