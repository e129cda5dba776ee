/** The system containers that make a machine part of a cluster, in the order in which they need each other. */
export const COMPONENTS = {
  'node-runtime': { unit: 'containerd.service', roles: ['master', 'node'], isQuorum: false },
  etcd: { unit: 'etcd.service', roles: ['master'], isQuorum: true },
  kubelet: { unit: 'kubelet.service', roles: ['master', 'node'], isQuorum: false },
} as const satisfies Readonly<Record<string, Component>>;

interface Component {
  /** The service that systemd runs for it. */
  readonly unit: string;
  /** The machines that have it. */
  readonly roles: readonly ('master' | 'node')[];
  /** Its machines decide by majority: no two of them may be away at a time. */
  readonly isQuorum: boolean;
}

export type ComponentName = keyof typeof COMPONENTS;

/** What others need comes first. */
export const COMPONENT_NAMES = Object.keys(COMPONENTS) as readonly ComponentName[];

export const isComponent = (name: string): name is ComponentName => Object.hasOwn(COMPONENTS, name);

/** The component that a system image of kboot's own is made for: `etcd` of `kboot/etcd:v1.37.2`. */
export function componentOfImage(image: string): ComponentName | undefined {
  const [, name] = /^kboot\/([^:@]+)(?:[:@]|$)/.exec(image) ?? [];
  return name !== undefined && isComponent(name) ? name : undefined;
}

/** The units of a machine of this role. */
export const unitsOf = (role: 'master' | 'node'): readonly string[] =>
  Object.values<Component>(COMPONENTS).flatMap(({ unit, roles }) => (roles.includes(role) ? [unit] : []));
