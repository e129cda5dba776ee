import { isDeepStrictEqual } from 'node:util';
import { capabilities } from './capabilities.ts';
import type { SpecFacts } from './facts.ts';
import type { Json, Rule } from './json.ts';
import { mounts } from './mounts.ts';
import { namespaces } from './namespaces.ts';
import { blockIoNames, deviceTypes, movedKeys, networkClass, unknownKeys, version } from './old-forms.ts';
import { deviceNodes, oomScore, processForm, rlimits } from './process.ts';
import { cgroupsPath, resources } from './resources.ts';
import { hooks, labels, seccomp } from './security.ts';

/** In this order: forms of earlier versions first, then what the machine does not have. */
const RULES: readonly Rule[] = [
  version,
  movedKeys,
  blockIoNames,
  networkClass,
  deviceTypes,
  processForm,
  capabilities,
  rlimits,
  oomScore,
  mounts,
  labels,
  seccomp,
  hooks,
  namespaces,
  resources,
  cgroupsPath,
  deviceNodes,
  unknownKeys,
];

/** What decides about a configuration. */
export interface Machine {
  /** Those that it can give at all; see machineCapabilities(). */
  readonly capabilities: readonly string[];
  readonly facts: SpecFacts;
}

/**
 * Translates a config.json of any version of the OCI runtime specification since 0.3 into what the machine's runtime
 * takes, and tells every change in a sentence. The object that is given is left as it is; without changes it comes
 * back itself. `{}` stays so.
 */
export function translateConfig(
  given: Json,
  machine: Machine,
): { readonly config: Json; readonly changes: readonly string[] } {
  if (Object.keys(given).length === 0) return { config: given, changes: [] };
  const config = structuredClone(given);
  const changes: string[] = [];
  for (const rule of RULES) rule({ config, ...machine, tell: (change) => changes.push(change) });
  // What is only told of changes nothing.
  return { config: isDeepStrictEqual(config, given) ? given : config, changes };
}
