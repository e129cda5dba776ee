import { type Json, objectsIn, type Translation, textsIn } from './json.ts';

/** Options that are flags of mount(2) or the runtime's own; everything else is for the filesystem. `runc features` lists them. */
const FLAGS: ReadonlySet<string> = new Set(
  `acl async atime bind defaults dev diratime dirsync exec idmap iversion lazytime loud mand noacl noatime nodev
nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev
rdiratime relatime remount rexec ridmap rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid
rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent
slave strictatime suid symfollow sync tmpcopyup unbindable`.split(/\s+/),
);

/** Mounts as the runtime takes them. */
export function mounts({ config, facts, tell }: Translation): void {
  const kept = objectsIn(config, 'mounts').filter((mount) => {
    const place = `mounts[${String(mount['destination'])}]`;
    absolute(mount, place, tell);
    optionList(mount, place, tell);
    if (isBind(mount)) {
      bind(mount, place, tell);
      return !isMissing(mount, facts, place, tell);
    }
    cgroup(mount, facts, place, tell);
    return true;
  });
  if (Array.isArray(config['mounts']) && kept.length < config['mounts'].length) config['mounts'] = kept;
}

const isBind = (mount: Json): boolean =>
  mount['type'] === 'bind' ||
  mount['type'] === 'rbind' ||
  textsIn(mount, 'options').some((option) => option === 'bind' || option === 'rbind');

function absolute(mount: Json, place: string, tell: Translation['tell']): void {
  const { destination } = mount;
  if (typeof destination !== 'string' || destination.startsWith('/')) return;
  mount['destination'] = `/${destination}`;
  tell(`${place}: the destination is now /${destination}`);
}

/** Options were one text where a list is wanted. */
function optionList(mount: Json, place: string, tell: Translation['tell']): void {
  const { options } = mount;
  if (typeof options !== 'string') return;
  mount['options'] = options.split(',').filter((option) => option !== '');
  tell(`${place}: its options are now a list`);
}

/** A bind mount has the filesystem of its source: there is nothing to set. */
function bind(mount: Json, place: string, tell: Translation['tell']): void {
  const options = textsIn(mount, 'options');
  const own = options.filter((option) => !FLAGS.has(option));
  if (own.length > 0) {
    mount['options'] = options.filter((option) => FLAGS.has(option));
    tell(`${place}: left out ${own.join(', ')}, which a bind mount cannot have`);
  }
  if (options.includes('bind') || options.includes('rbind')) return;
  const option = mount['type'] === 'rbind' ? 'rbind' : 'bind';
  mount['options'] = [...textsIn(mount, 'options'), option];
  tell(`${place}: added the option ${option}, without which it is none`);
}

/**
 * What only the kernel makes is not there on every machine, and a directory in its place would be of no use. What is
 * only read and belongs to another distribution (/etc/redhat-release, /etc/pki) or to a machine with a time zone nobody
 * will make either: the image has its own, or does without. Other places in /etc may be filled between the install and
 * the start, with certificates for instance.
 */
function isMissing(
  mount: Json,
  { absent, nobodys }: Translation['facts'],
  place: string,
  tell: Translation['tell'],
): boolean {
  const source = String(mount['source']).replace(/(?<=.)\/+$/, '');
  const isDevice = /^\/(?:dev|sys|proc)\//.test(source) && absent?.has(source);
  const isForeign =
    /^\/(?:usr|lib)\/|^\/etc\/(?:[a-z-]+-release|localtime|pki)$/.test(source) && nobodys?.has(source);
  const isRead = textsIn(mount, 'options').includes('ro') || source === '/lib/modules';
  if (!isDevice && !(isForeign && isRead)) return false;
  tell(`left out ${place}: this machine has no ${source}`);
  return true;
}

/** The runtime mounts whichever hierarchy there is by the type `cgroup`. */
function cgroup(
  mount: Json,
  { cgroup: version }: Translation['facts'],
  place: string,
  tell: Translation['tell'],
) {
  if (mount['type'] === 'cgroup2' && version === 1) {
    mount['type'] = 'cgroup';
    tell(`${place}: is now of the type cgroup: this machine has version 1`);
  }
  if (mount['type'] !== 'cgroup' || version !== 2) return;
  const options = textsIn(mount, 'options');
  const own = options.filter((option) => !FLAGS.has(option) && option !== 'nsdelegate');
  if (own.length === 0) return;
  mount['options'] = options.filter((option) => !own.includes(option));
  tell(`${place}: left out ${own.join(', ')}, which version 2 of cgroups does not have`);
}
