/** A certificate and how long it is good. */
export interface Certificate {
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A network address of the machine, with the length of its prefix. */
export interface Address {
  readonly link: string;
  readonly address: string;
  readonly prefix: number;
}

/** A TCP port something listens on, with the program that `ss` names (empty when it names none). */
export interface Listener {
  readonly port: number;
  readonly program: string;
}

/** What a machine said about itself in this run. Read-only questions, one round trip. */
export interface Facts {
  /** `uname -m`: x86_64, aarch64 */
  readonly machine: string;
  readonly kernel: string;
  readonly hostname: string;
  readonly os: string;
  readonly systemd: boolean;
  /** Those of REQUIRED_TOOLS that the machine lacks. */
  readonly missingTools: readonly string[];
  /** Machine's clock minus the operator's, in milliseconds, give or take the time to get there. */
  readonly clockSkewMs: number;
  /** The machine's clock when it answered, in milliseconds since the epoch. */
  readonly clockMs: number;
  readonly cpus: number;
  readonly memoryKiB: number;
  /** Devices and files the machine swaps to. */
  readonly swap: readonly string[];
  readonly machineId: string;
  readonly cgroup: 'v1' | 'v2';
  /** CapBnd of a root process, hexadecimal. */
  readonly capabilityBounds: string;
  /** Hard limit of open files; no system container can be given more where CAP_SYS_RESOURCE is missing. */
  readonly openFiles: number;
  readonly addresses: readonly Address[];
  /** Source address of the default route, undefined without one. */
  readonly defaultSource: string | undefined;
  /** The address by which this SSH connection reached the machine, undefined when sshd does not say. */
  readonly sshAddress: string | undefined;
  /** Destinations of the IPv4 routes in CIDR notation, with the link: `10.0.0.0/24 eth0`. */
  readonly routes: readonly { readonly destination: string; readonly link: string }[];
  readonly links: readonly string[];
  readonly listeners: readonly Listener[];
  /** Directories which a system container's files may go to, and which cannot be written. */
  readonly readOnly: readonly string[];
  /** Free KiB of the filesystem that will hold /var/lib. */
  readonly freeKiB: number;
  /** Of the places that layers go to (DISK_PLACES): what is free there, and where that file system is mounted. */
  readonly disks: ReadonlyMap<string, { readonly freeKiB: number; readonly mount: string }>;
  readonly conntrackMaxWritable: boolean;
  readonly ipForward: boolean;
  /** Kernel settings by name and value, those which Kubernetes is known to change. */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly resolvedRunning: boolean;
  /** Kernel features by module name (see kernel-modules.ts): working, or absent until it is loaded. */
  readonly kernelModules: Readonly<Record<string, 'builtin' | 'loaded' | 'absent'>>;
  /** What `getent hosts` says of the endpoint's host; undefined when it was not asked or not found. */
  readonly endpointAddress: string | undefined;
  /** `host:port` of the API in the administrator's kubeconfig: the endpoint of the cluster that was made here. */
  readonly apiServer: string | undefined;
  /** Certificates of the cluster on this machine; without their keys. */
  readonly certificates: readonly Certificate[];
  /** Names in / that are directories, or links to one outside of /usr. */
  readonly topLevel: readonly string[];
  /** Paths of interest that exist. */
  readonly present: ReadonlySet<string>;
  /** Names of the files below /run/kboot, the lock apart: what a killed run left there. */
  readonly runFiles: readonly string[];
  /** Directories of interest that exist and are empty (a filesystem's lost+found apart). */
  readonly empty: ReadonlySet<string>;
  /** Units of interest that are active. */
  readonly active: ReadonlySet<string>;
  /** Text of kboot's ledger on the machine, undefined when kboot never changed it. */
  readonly ledger: string | undefined;
  /** SHA-256 of /etc/kubernetes/pki/ca.crt: tells the cluster the machine belongs to. */
  readonly clusterCa: string | undefined;
  /** Blobs (hex digests) that kboot sent and has not cleared away yet, with their sizes in bytes. */
  readonly staged: ReadonlyMap<string, number>;
  /** Blobs (hex digests) in containerd's content store. */
  readonly contents: ReadonlySet<string>;
  /** Images that containerd has for Kubernetes: name to manifest digest (`sha256:...`). */
  readonly images: Readonly<Record<string, string>>;
  /** Layers (hex digests) unpacked in the system containers' layer store. */
  readonly layers: ReadonlySet<string>;
}
