// C0 controls except tab and newline, DEL, C1 controls (ESC [ as one character), and the marks that reorder
// or hide text on a terminal (bidirectional controls, soft hyphen, zero-width characters, line and paragraph separator,
// interlinear annotations, tags).
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;

/**
 * Text from a machine, made harmless for a terminal or a log: control characters (ANSI sequences begin with
 * one) become `\x1b` or `\u202e`. Newlines and tabs stay; a carriage return before a newline is dropped.
 */
export function escapeText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(UNPRINTABLE, (char) => {
    const code = (char.codePointAt(0) ?? 0).toString(16);
    if (code.length > 4) return `\\u{${code}}`;
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
  });
}

/** The same for a text that must stay on one line: newlines become `\n` and tabs `\t`. */
export function escapeLine(text: string): string {
  return escapeText(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** JSON made harmless in the same way: what it says stays the same. */
export function escapeJson(json: string): string {
  return json.replace(UNPRINTABLE, (char) =>
    [...Array(char.length).keys()]
      .map((index) => `\\u${char.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
