import { type Document, isMap, isNode, isScalar, isSeq, type LineCounter } from 'yaml';
import type { Keys } from './issue.ts';

/** The text of a cluster file, asked by keys. */
export interface Source {
  /** Line of the key or list item, or of the nearest one around it that is there; counted from 1. */
  lineOf(keys: Keys): number | undefined;
  /** A scalar as it stands in the file (`1.30`, where the value is the number 1.3). */
  textOf(keys: Keys): string | undefined;
}

export function sourceOf(document: Document, lines: LineCounter): Source {
  return {
    lineOf(keys) {
      let node: unknown = document.contents;
      let offset: number | undefined;
      for (const key of keys) {
        const step = stepInto(node, key);
        if (step === undefined) break;
        offset = step.offset ?? offset;
        node = step.value;
      }
      return offset === undefined ? undefined : lines.linePos(offset).line;
    },
    textOf(keys) {
      const node = document.getIn(keys, true);
      return isScalar(node) ? node.source : undefined;
    },
  };
}

function stepInto(
  node: unknown,
  key: string | number,
): { value: unknown; offset: number | undefined } | undefined {
  if (isSeq(node) && typeof key === 'number') {
    const value = node.items[key];
    return value === undefined ? undefined : { value, offset: startOf(value) };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  return pair && { value: pair.value, offset: startOf(pair.key) };
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
