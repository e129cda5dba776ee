import type { Facts } from '../facts/facts.ts';

/** Top-level directories that the kubelet's image needs for itself, and /proc, which the template mounts. */
const OF_THE_IMAGE = /^(usr|bin|sbin|lib\w*|proc|lost\+found)$/;

/** Folders and files below /usr and /lib that pods and the kubelet look for by their path on the host. */
const READ_ONLY = [
  '/usr/lib/os-release',
  '/lib/modules',
  '/usr/share/ca-certificates',
  '/usr/local/share/ca-certificates',
];

/**
 * The mounts that show the kubelet the machine: every top-level directory at its own path, because the kubelet
 * checks hostPath volumes in its own mount namespace. JSON elements for the end of the
 * template's array, each with a leading comma.
 */
export function kubeletMounts({ topLevel, present }: Pick<Facts, 'topLevel' | 'present'>): string {
  const bind = (path: string, ...options: string[]) =>
    `,${JSON.stringify({ type: 'bind', source: path, destination: path, options: ['rbind', 'rslave', ...options] })}`;
  // First, while nothing is mounted into the rootfs, which lies below it: binding it later would copy all of that.
  const varFirst = [...topLevel].sort((a, b) => Number(b === 'var') - Number(a === 'var'));
  return [
    ...varFirst.filter((name) => !OF_THE_IMAGE.test(name)).map((name) => bind(`/${name}`)),
    ...READ_ONLY.filter((path) => present.has(path)).map((path) => bind(path, 'ro')),
  ].join('');
}
