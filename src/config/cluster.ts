/** How one machine is reached. What is undefined is left to the ssh config file and then to ssh's defaults. */
export interface SshTarget {
  /** The name or address given to ssh: an alias of the ssh config file works. Default: the machine's name. */
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string | undefined;
  /** Absolute path of a private key. */
  readonly identityFile: string | undefined;
}

/** One machine of the cluster file, defaults filled in. */
export interface Machine {
  /** Its name in Kubernetes and in etcd; lower case. */
  readonly name: string;
  readonly role: 'master' | 'node';
  /** The IP address by which the other machines reach it; undefined when kboot is to find it out. */
  readonly address: string | undefined;
  readonly ssh: SshTarget;
  /** Whether ordinary pods may run on it: true for nodes, for masters as written. */
  readonly workloads: boolean;
}

/** The cluster that kboot.yaml asks for, checked and with every default filled in. Nothing changes it later. */
export interface Cluster {
  /** Absolute path of kboot.yaml. */
  readonly file: string;
  readonly name: string;
  /** `v1.37.2`; undefined: the version of the bundle. */
  readonly kubernetes: string | undefined;
  /** `host:port` under which every machine reaches the API. */
  readonly endpoint: string;
  /** kboot.yaml does not say: the endpoint is the first master's name, and a run that knows the machines may know better. */
  readonly endpointIsDefault: boolean;
  readonly bundle: {
    /** Absolute path of the bundle's folder; undefined: the default bundle. */
    readonly path: string | undefined;
    /** `sha256:...` of its bundle.json, when pinned. */
    readonly digest: string | undefined;
  };
  readonly ssh: {
    /** Absolute path of the ssh config file; undefined: ~/.ssh/config, when there is one. */
    readonly config: string | undefined;
    /** Absolute path of the known hosts file; undefined: what the ssh config says, else ~/.ssh/known_hosts. */
    readonly knownHosts: string | undefined;
    /**
     * What becomes of a host key that is not known yet; undefined: what the ssh config says. A changed key is
     * refused in any case.
     */
    readonly hostKeys: 'accept-new' | 'strict' | undefined;
  };
  readonly network: {
    /** IPv4 network in CIDR notation, like `services`. */
    readonly pods: string;
    readonly services: string;
    readonly dnsDomain: string;
    /** flannel's backend. */
    readonly backend: 'vxlan' | 'host-gw';
  };
  /** At least one, in the order of the file; the first is the one that `kboot init` starts with. */
  readonly masters: readonly Machine[];
  readonly nodes: readonly Machine[];
  /** Run the kubelet on machines that have swap. */
  readonly allowSwap: boolean;
  /** How long a run waits for one thing that is not there yet, in milliseconds: an API, a node, a signature. */
  readonly waitMs: number;
}

/** All machines: masters, then nodes, each in the order of the file. */
export function machinesOf(cluster: Pick<Cluster, 'masters' | 'nodes'>): readonly Machine[] {
  return [...cluster.masters, ...cluster.nodes];
}
