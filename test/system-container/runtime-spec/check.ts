import { expect, test } from 'vitest';
import type { SpecFacts } from '../../../src/system-container/runtime-spec/facts.ts';
import type { Json } from '../../../src/system-container/runtime-spec/json.ts';
import { translateConfig } from '../../../src/system-container/runtime-spec/translate.ts';

/** A machine of today with cgroup v1, that has all that it can have. */
export const CAPABILITIES = ['CAP_KILL', 'CAP_CHOWN', 'CAP_SYS_RESOURCE', 'CAP_MKNOD'];
export const V1: SpecFacts = { cgroup: 1 };
export const V2: SpecFacts = { cgroup: 2 };

export const base = (part: Json): Json => ({
  ociVersion: '1.0.2',
  root: { path: 'rootfs', readonly: true },
  ...part,
});
export const process = (part: Json): Json => base({ process: { cwd: '/', ...part } });
export const linux = (part: Json): Json => base({ linux: part });
export const mount = (part: Json): Json => base({ mounts: [{ destination: '/d', ...part }] });
export const namespaces = (...types: string[]) => types.map((type) => ({ type }));

type Row = readonly [what: string, given: Json, wanted: Json, changes: readonly string[], facts?: SpecFacts];

/** Tests that each configuration becomes the one beside it, with these warnings, and is not touched itself. */
export function check(rows: readonly Row[], capabilities = CAPABILITIES): void {
  test.each(rows.map((row) => ({ row, title: row[0] })))('$title', ({ row }) => {
    const [, given, wanted, changes, facts = {}] = row;
    const before = structuredClone(given);
    const translated = translateConfig(given, { capabilities, facts });
    expect(translated).toEqual({ config: wanted, changes });
    expect(given).toEqual(before);
    // What was translated needs no translation.
    expect(translateConfig(translated.config, { capabilities, facts }).config).toBe(translated.config);
  });
}
