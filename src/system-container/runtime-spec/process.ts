import { RLIMITS } from './facts.ts';
import { isObject, type Json, leaveOut, listIn, objectAt, objectsIn, type Translation } from './json.ts';

/** The process in the form that the runtime takes, started as a service: without a terminal. */
export function processForm({ config, tell }: Translation): void {
  const process = objectAt(config, 'process');
  if (process === undefined) return;
  if (process['terminal'] === true) {
    process['terminal'] = false;
    tell('process.terminal is now false: a service has none');
  }
  if (process['terminal'] !== true && process['consoleSize'] !== undefined) {
    delete process['consoleSize'];
    tell('left out process.consoleSize: there is no terminal');
  }
  user(process, tell);
  const { cwd } = process;
  if (typeof cwd !== 'string' || !cwd.startsWith('/')) {
    process['cwd'] = typeof cwd === 'string' ? `/${cwd}` : '/';
    tell(`process.cwd is now ${process['cwd']}: it has to be an absolute path`);
  }
}

/** Ids are numbers: not texts, and not one text for both as programs that build images have it. */
function user(process: Json, tell: Translation['tell']): void {
  const given = process['user'];
  if (typeof given === 'string' || typeof given === 'number') {
    const [uid, gid] = String(given === '' || given === 'root' ? 0 : given).split(':');
    process['user'] = { uid: idOf(uid), gid: idOf(gid ?? '0') };
    tell(`process.user ${JSON.stringify(given)} is now ${JSON.stringify(process['user'])}`);
  } else if (isObject(given)) {
    for (const key of ['uid', 'gid']) {
      if (typeof given[key] !== 'string') continue;
      given[key] = idOf(given[key]);
      tell(`process.user.${key} is now the number ${String(given[key])}`);
    }
    const ids = listIn(given, 'additionalGids');
    if (!ids.some((id) => typeof id === 'string')) return;
    given['additionalGids'] = ids.map((id) => idOf(String(id)));
    tell('process.user.additionalGids are now numbers');
  }
}

/** Names are in the image's own files: the runtime refuses what stays a text, and says so. */
const idOf = (text: string | undefined): number | string | undefined =>
  text === 'root' ? 0 : /^\d+$/.test(text ?? '') ? Number(text) : text;

/** Limits that the kernel would not let the runtime set. */
export function rlimits({ config, capabilities, facts, tell }: Translation): void {
  const process = objectAt(config, 'process');
  if (process === undefined || !Array.isArray(process['rlimits'])) return;
  const seen = new Set<string>();
  process['rlimits'] = objectsIn(process, 'rlimits').filter((limit) => {
    const type = nameOf(limit, tell);
    const isDouble = seen.has(type);
    seen.add(type);
    if (!RLIMITS.has(type) || isDouble) {
      tell(`left out the limit ${type}: ${isDouble ? 'it is there twice' : 'there is none of this name'}`);
      return false;
    }
    const highest = Math.min(
      capabilities.includes('CAP_SYS_RESOURCE') ? Infinity : (facts.hardLimits?.get(type) ?? Infinity),
      type === 'RLIMIT_NOFILE' ? (facts.openFiles ?? Infinity) : Infinity,
    );
    lower(limit, 'hard', highest, 'this machine cannot give more', tell);
    lower(limit, 'soft', Number(limit['hard']), 'it cannot be above the hard one', tell);
    return true;
  });
}

function nameOf(limit: Json, tell: Translation['tell']): string {
  const type = String(limit['type']);
  const whole = type.toUpperCase().replace(/^(?!RLIMIT_)/, 'RLIMIT_');
  if (whole !== type) tell(`process.rlimits: ${type} is now ${whole}`);
  limit['type'] = whole;
  return whole;
}

function lower(
  limit: Json,
  key: 'hard' | 'soft',
  highest: number,
  why: string,
  tell: Translation['tell'],
): void {
  const value = limit[key];
  if (typeof value !== 'number' || value <= highest) return;
  limit[key] = highest;
  tell(`process.rlimits: ${String(limit['type'])} ${key} ${value} is now ${highest}: ${why}`);
}

/** Only who has CAP_SYS_RESOURCE may protect a process better than itself. */
export function oomScore({ config, capabilities, facts, tell }: Translation): void {
  const process = objectAt(config, 'process');
  const score = process?.['oomScoreAdj'];
  if (typeof score !== 'number' || facts.oomScoreAdj === undefined) return;
  if (capabilities.includes('CAP_SYS_RESOURCE') || score >= facts.oomScoreAdj) return;
  leaveOut(
    tell,
    process,
    'process',
    'oomScoreAdj',
    `this machine cannot give less than ${facts.oomScoreAdj}`,
  );
}

/** Making device nodes needs a capability. */
export function deviceNodes({ config, capabilities, tell }: Translation): void {
  if (capabilities.includes('CAP_MKNOD')) return;
  leaveOut(tell, objectAt(config, 'linux'), 'linux', 'devices', 'this machine cannot make device nodes');
}
