// C0 controls except tab and newline, DEL, C1 controls (ESC [ as one character), and the marks that reorder
// or hide text on a terminal (bidirectional controls, zero-width characters, line and paragraph separator).
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * Text from a machine, made harmless for a terminal or a log: control characters (ANSI sequences begin with
 * one) become `\x1b` or `\u202e`. Newlines and tabs stay; a carriage return before a newline is dropped.
 */
export function escapeText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(UNPRINTABLE, (char) => {
    const code = char.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
  });
}

/** The same for a text that must stay on one line: newlines become `\n` and tabs `\t`. */
export function escapeLine(text: string): string {
  return escapeText(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** JSON made harmless in the same way: what it says stays the same. */
export function escapeJson(json: string): string {
  return json.replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
