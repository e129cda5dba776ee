import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { addMachineText, newClusterText } from '../../src/config/edit-text.ts';

const COMMENTED = `# our cluster
apiVersion:   kboot/v1   # aligned by hand
kind: Cluster
masters:
- m1   # first
# said after m1

nodes:
    - name: n1
      ssh:
        port: 22   # deep
    # said after n1
allowSwap: true
`;

/** The lines that the edit added; fails when it did anything else. */
function addedLines(before: string, after: string): string[] {
  const old = before.split('\n');
  let next = 0;
  const added = after.split('\n').filter((line) => {
    if (line === old[next]) {
      next++;
      return false;
    }
    return true;
  });
  expect(next).toBe(old.length);
  return added;
}

test.each([
  ['masters', ['- new']],
  ['nodes', ['    - name: new']],
] as const)('adds one line to %s, in the style of the list, and touches no other', (list, lines) => {
  const edited = addMachineText(COMMENTED, list, 'new');
  expect(addedLines(COMMENTED, edited)).toEqual(lines);
  const machines: unknown[] = parse(edited)[list];
  expect(machines.at(-1)).toEqual(list === 'masters' ? 'new' : { name: 'new' });
});

test.each([
  ['no list yet', newClusterText('m'), `${newClusterText('m')}nodes:\n  - name: new\n`],
  ['no line break at the end', 'masters:\n  - m\nnodes:\n  - a', 'masters:\n  - m\nnodes:\n  - a\n  - new\n'],
  ['an empty list', 'nodes: [] # none', 'nodes: [ { name: new } ] # none\n'],
  ['an empty field', 'nodes:\nkind: Cluster\n', 'nodes:\n  - name: new\nkind: Cluster\n'],
  ['a list in flow style', 'nodes: [ a ] # these\n', 'nodes: [ a, { name: new } ] # these\n'],
  ['Windows line breaks', 'nodes:\r\n  - a\r\nkind: x\r\n', 'nodes:\r\n  - a\r\n  - new\r\nkind: x\r\n'],
  ['a document end', 'masters:\n  - m\n...\n', 'masters:\n  - m\nnodes:\n  - name: new\n...\n'],
])('%s', (_what, before, after) => {
  expect(addMachineText(before, 'nodes', 'new')).toBe(after);
});

test('any number of additions keeps every machine and every comment', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/).filter((word) => !/^(null|true|false)$/.test(word));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('masters' as const, 'nodes' as const), name)),
      (additions) => {
        const edited = additions.reduce(
          (text, [list, machine]) => addMachineText(text, list, machine),
          COMMENTED,
        );
        const read = parse(edited);
        for (const list of ['masters', 'nodes'] as const) {
          const names = read[list].slice(1).map((item: unknown) => (item as { name?: string }).name ?? item);
          expect(names).toEqual(additions.filter(([to]) => to === list).map(([, machine]) => machine));
        }
        expect(addedLines(COMMENTED, edited)).toHaveLength(additions.length);
      },
    ),
  );
});
