import type { SpecFacts } from './facts.ts';

/** An object of a config.json, of whatever form. */
export type Json = Record<string, unknown>;

/** A config.json that is being translated: rules change `config`, which is theirs, and tell every change. */
export interface Translation {
  readonly config: Json;
  /** What the machine can give at all. */
  readonly capabilities: readonly string[];
  readonly facts: SpecFacts;
  /** Takes a sentence about one change. */
  tell(change: string): void;
}

export type Rule = (translation: Translation) => void;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object at a path of keys; undefined when there is none. */
export function objectAt(config: Json, ...keys: readonly string[]): Json | undefined {
  let value: unknown = config;
  for (const key of keys) value = isObject(value) ? value[key] : undefined;
  return isObject(value) ? value : undefined;
}

/** The list in a key; empty when there is none. */
export const listIn = (parent: Json | undefined, key: string): readonly unknown[] => {
  const value = parent?.[key];
  return Array.isArray(value) ? value : [];
};

/** The objects among a list's entries. */
export const objectsIn = (parent: Json | undefined, key: string): readonly Json[] =>
  listIn(parent, key).filter(isObject);

/** The texts among a list's entries. */
export const textsIn = (parent: Json | undefined, key: string): readonly string[] =>
  listIn(parent, key).filter((value) => typeof value === 'string');

/** Whether a key says anything: Go's decoder takes null, `` and empty lists for "not given". */
export const says = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);

/** Leaves a key out where it says something, and tells why. */
export function leaveOut(
  tell: Translation['tell'],
  parent: Json | undefined,
  place: string,
  key: string,
  why: string,
): void {
  if (parent === undefined || !says(parent[key])) return;
  delete parent[key];
  tell(`left out ${place}.${key}: ${why}`);
}
