import { z } from 'zod';
import type { Keys } from './issue.ts';
import { WrittenCluster } from './schema.ts';

/** Typing errors further away than this are not guessed. */
const MAX_DISTANCE = 3;

/** The fields that may stand at `keys` in a cluster file. */
export function fieldsAt(keys: Keys): readonly string[] {
  let schema: z.core.JSONSchema.BaseSchema | undefined = z.toJSONSchema(WrittenCluster);
  for (const key of keys) {
    const next: unknown = typeof key === 'number' ? schema?.items : schema?.properties?.[key];
    schema = next as z.core.JSONSchema.BaseSchema | undefined;
  }
  return Object.keys(schema?.properties ?? {});
}

/** The candidate that `word` is most likely a typing error of. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.min(MAX_DISTANCE, Math.floor(word.length / 2));
  return candidates
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter((entry) => entry.distance <= limit)
    .sort((a, b) => a.distance - b.distance)[0]?.candidate;
}

/** Levenshtein distance: single-character edits from one word to the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column++) {
      const replace = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
