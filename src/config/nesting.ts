import { CST, Lexer } from 'yaml';

/** Several times as many levels as a cluster file has. */
const MOST = 20;

/**
 * The line, counted from 1, on which lists and groups are nested more deeply than in any cluster file; undefined where
 * none is. Reading such a text takes the YAML library time that grows much faster than the text.
 */
export function tooDeepAt(text: string): number | undefined {
  let line = 1;
  let flow = 0;
  let block = 0;
  for (const token of new Lexer().lex(text)) {
    switch (CST.tokenType(token)) {
      case 'flow-map-start':
      case 'flow-seq-start':
        flow++;
        break;
      case 'flow-map-end':
      case 'flow-seq-end':
        flow--;
        break;
      case 'seq-item-ind':
      case 'explicit-key-ind':
        block++;
        break;
      case 'newline':
        block = 0;
        break;
      default:
        break;
    }
    if (flow > MOST || block > MOST) return line;
    line += token.split('\n').length - 1;
  }
  return undefined;
}
