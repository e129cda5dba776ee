import { programDirectory } from '../../system-container/index.ts';
import { type Check, error } from './problem.ts';

/** What kboot puts below directories that it needs everywhere. */
const NEEDED: Readonly<Record<string, string>> = {
  '/etc/systemd/system': 'units go there',
  '/var/lib': 'system containers and the state of the cluster go there',
  '/opt': 'CNI plugins go there, and programs where /usr is read-only',
};

/** Directories that have to be writable, whatever else of the machine is read-only. */
export const readOnly: Check = ({ facts }) => {
  const directories = [...Object.keys(NEEDED), programDirectory(facts.readOnly)];
  const unwritable = directories.filter(
    (path) => facts.readOnly.includes(path) && !(path === '/opt/bin' && facts.readOnly.includes('/opt')),
  );
  return [
    ...unwritable.map((path) =>
      error(
        `${path} cannot be written`,
        `${NEEDED[path] ?? 'programs go there, because /usr/local/bin is read-only'}: mount something writable there, a folder of /var for example`,
      ),
    ),
    ...(facts.readOnly.includes('/lib') && !facts.present.has('/lib/modules')
      ? [
          error(
            '/lib/modules does not exist, and /usr is read-only',
            'kube-proxy mounts it: it has to be a part of the image of the system, an empty folder is enough',
          ),
        ]
      : []),
  ];
};
