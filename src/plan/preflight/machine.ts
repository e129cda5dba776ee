import { imageArchitecture } from '../../cluster/architecture.ts';
import { certificates } from './certificates.ts';
import { type Check, error, warning } from './problem.ts';

export const systemd: Check = ({ facts }) =>
  facts.systemd ? [] : [error('systemd does not run it', 'kboot needs a machine that was booted by systemd')];

export const tools: Check = ({ facts }) =>
  facts.missingTools.length === 0
    ? []
    : [
        error(
          `commands are missing: ${facts.missingTools.join(', ')}`,
          'install the packages they come from (tar, gzip, coreutils, util-linux, findutils, grep, sed, awk, iproute2)',
        ),
      ];

export const architecture: Check = ({ facts }, _clusterState, { lock }) => {
  const own = imageArchitecture(facts.machine);
  return own === lock.arch
    ? []
    : [error(`its architecture is ${own}, the bundle is for ${lock.arch}`, `use a bundle for ${own}`)];
};

/** kubeadm's own limits for a control plane: its checks NumCPU and Mem. */
export const size: Check = ({ facts, machine }) => {
  if (machine.role !== 'master') return [];
  return [
    ...(facts.cpus < 2 ? [error(`it has ${facts.cpus} CPU, a master needs 2`, 'give it another CPU')] : []),
    ...(facts.memoryKiB < 1700 * 1000
      ? [
          error(
            `it has ${Math.round(facts.memoryKiB / 1024)} MiB of memory, a master needs 1700 MB`,
            'give it more memory',
          ),
        ]
      : []),
  ];
};

export const swap: Check = ({ facts }, { cluster }) => {
  if (facts.swap.length === 0) return [];
  const what = `it swaps to ${facts.swap.join(', ')}`;
  return cluster.allowSwap
    ? [warning(what, 'allowSwap is set: pods may be slowed down by it')]
    : [
        error(
          what,
          'turn swap off (swapoff -a, and the line in /etc/fstab), or set allowSwap: true in kboot.yaml',
        ),
      ];
};

export const cgroups: Check = ({ facts }) =>
  facts.cgroup === 'v2'
    ? []
    : [
        warning(
          'it uses cgroup v1, which Kubernetes gives up',
          'boot it with systemd.unified_cgroup_hierarchy=1 when you can; kboot sets failCgroupV1: false until then',
        ),
      ];

/** Certificates are backdated by five minutes; beyond that they are not valid yet. */
const MAX_SKEW_MS = 60_000;

export const clock: Check = ({ facts }, { leader }) => {
  const skew = facts.clockSkewMs - leader.facts.clockSkewMs;
  return Math.abs(skew) <= MAX_SKEW_MS
    ? []
    : [
        error(
          `its clock is ${Math.round(skew / 1000)} s away from that of ${leader.machine.name}`,
          'set the clocks right (chrony, systemd-timesyncd) and run again',
        ),
      ];
};

export const identity: Check = ({ facts, machine }, { states }) => {
  const twins = states.filter(
    (other) => other.facts.machineId === facts.machineId && other.machine !== machine,
  );
  if (twins.length === 0 || facts.machineId === '') return [];
  return [
    error(
      `its machine id is also that of ${twins.map((twin) => twin.machine.name).join(', ')}`,
      'two names lead to one machine, or it was cloned: rm /etc/machine-id; systemd-machine-id-setup; reboot',
    ),
  ];
};

export const MACHINE_CHECKS = [
  systemd,
  tools,
  architecture,
  size,
  swap,
  cgroups,
  clock,
  identity,
  certificates,
];
