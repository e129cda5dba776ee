import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLSeq,
} from 'yaml';

export type List = 'masters' | 'nodes';

/** A new cluster file with one master and every default. */
export function newClusterText(master: string): string {
  return `apiVersion: kboot/v1\nkind: Cluster\nmasters:\n  - name: ${master}\n`;
}

/**
 * Adds a machine at the end of one list of a cluster file. All other lines, with their comments and their
 * formatting, stay as they are; only a list in flow style (`[a, b]`) is written anew by the YAML library.
 */
export function addMachineText(text: string, list: List, name: string): string {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const machines = document.get(list);
  if (!isMap(document.contents) || document.contents.flow) return rewritten(document, list, name);
  if (isSeq(machines) && !machines.flow && machines.items.length > 0)
    return insertAfterLast(text, machines, name, lines);
  if (document.has(list)) return rewritten(document, list, name);
  const end = document.contents.range?.[1] ?? text.length;
  return insertLines(text, end, [`${list}:`, `  - name: ${name}`]);
}

function insertAfterLast(text: string, machines: YAMLSeq, name: string, lines: LineCounter): string {
  const start = machines.range?.[0] ?? 0;
  const indent = ' '.repeat(lines.linePos(start).col - 1);
  const item = machines.items.every((machine) => isScalar(machine)) ? name : `name: ${name}`;
  const last = machines.items.at(-1);
  const end = (isNode(last) ? last.range?.[1] : undefined) ?? text.length;
  return insertLines(text, end, [`${indent}- ${item}`]);
}

/** Puts whole lines after the line on which the value that ends at `offset` ends. */
function insertLines(text: string, offset: number, added: readonly string[]): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const block = added.map((line) => line + newline).join('');
  // The end of a nested block lies after its line break, and after blank lines and comments that follow it.
  const value = text.slice(0, offset).trimEnd();
  const lineEnd = text.indexOf('\n', value.length);
  if (lineEnd === -1) return text + newline + block;
  return text.slice(0, lineEnd + 1) + block + text.slice(lineEnd + 1);
}

function rewritten(document: Document, list: List, name: string): string {
  const machines = document.get(list);
  if (isSeq(machines)) machines.add(document.createNode({ name }));
  else document.set(list, document.createNode([{ name }]));
  return document.toString({ lineWidth: 0 });
}
