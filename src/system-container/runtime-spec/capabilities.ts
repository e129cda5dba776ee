import { isObject, type Json, objectAt, type Translation } from './json.ts';

/** The five sets, in the order in which they are checked. */
const SETS = ['bounding', 'permitted', 'effective', 'inheritable', 'ambient'] as const;

/**
 * Capabilities as an object of sets, which every runtime since 1.0.0-rc5 wants, and of those only what the machine can
 * give: one too many, and the runtime would not start the container at all.
 */
export function capabilities({ config, tell, ...machine }: Translation): void {
  const process = objectAt(config, 'process');
  if (process === undefined) return;
  const list = process['capabilities'];
  if (Array.isArray(list)) {
    // Not the inheritable and ambient ones: no program had those by a flat list and its user alone.
    process['capabilities'] = { bounding: [...list], permitted: [...list], effective: [...list] };
    tell('process.capabilities was a list: it is now the sets bounding, permitted and effective');
  }
  const sets = process['capabilities'];
  if (!isObject(sets)) return;
  names(sets, tell);
  available(sets, machine.capabilities, tell);
  subsets(sets, tell);
}

/** `net_admin` is CAP_NET_ADMIN. */
function names(sets: Json, tell: Translation['tell']): void {
  const renamed = new Set<string>();
  for (const [set, list] of Object.entries(sets)) {
    if (!Array.isArray(list)) continue;
    sets[set] = list.map((name) => {
      const whole = String(name)
        .toUpperCase()
        .replace(/^(?!CAP_)/, 'CAP_');
      if (whole !== name) renamed.add(whole);
      return whole;
    });
  }
  if (renamed.size > 0) tell(`process.capabilities: written as ${[...renamed].join(', ')}`);
}

function available(sets: Json, given: readonly string[], tell: Translation['tell']): void {
  const missing = new Set<string>();
  for (const [set, list] of Object.entries(sets)) {
    if (!Array.isArray(list)) continue;
    sets[set] = list.filter((name) => given.includes(name) || !missing.add(name));
  }
  if (missing.size > 0) tell(`left out what this machine cannot give: ${[...missing].join(', ')}`);
}

/** The kernel refuses effective ones that are not permitted, and ambient ones that are not inheritable as well. */
function subsets(sets: Json, tell: Translation['tell']): void {
  const of = (set: (typeof SETS)[number]) => (Array.isArray(sets[set]) ? (sets[set] as string[]) : []);
  const limit = (set: 'effective' | 'ambient', within: readonly string[]) => {
    const beyond = of(set).filter((name) => !within.includes(name));
    if (beyond.length === 0) return;
    sets[set] = of(set).filter((name) => within.includes(name));
    tell(`left out of process.capabilities.${set} what its other sets do not allow: ${beyond.join(', ')}`);
  };
  limit('effective', of('permitted'));
  const inheritable = of('inheritable');
  limit(
    'ambient',
    of('permitted').filter((name) => inheritable.includes(name)),
  );
}
