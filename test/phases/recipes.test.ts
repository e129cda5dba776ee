import { describe, expect, it } from 'vitest';
import { INIT, JOIN } from '../../src/phases/recipes.ts';
import { RESET, removal } from '../../src/phases/reset/recipes.ts';

describe.each([
  ['init', INIT],
  ['join', JOIN],
  ['reset', RESET],
  ['reset NODE', removal(120)],
])('the recipe of %s', (_verb, recipe) => {
  it('has no phase twice', () => {
    const ids = recipe.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('can be walked: no phase waits for itself in a circle', () => {
    const done = new Set<string>();
    const known = new Set(recipe.map(({ id }) => id));
    let left = [...recipe];
    while (left.length > 0) {
      const ready = left.filter(({ after }) => after.every(({ id }) => done.has(id) || !known.has(id)));
      expect(ready.map(({ id }) => id)).not.toEqual([]);
      for (const { id } of ready) done.add(id);
      left = left.filter(({ id }) => !done.has(id));
    }
  });
});

it('installs nothing on a node before the cluster is verified', () => {
  const before = (id: string): readonly string[] => {
    const phase = JOIN.find((candidate) => candidate.id === id);
    return phase ? [id, ...phase.after.flatMap((other) => before(other.id))] : [];
  };
  for (const id of ['kernel', 'node-runtime', 'kubelet', 'import-first', 'kubeadm-join']) {
    expect(before(id)).toContain('trust');
  }
});
