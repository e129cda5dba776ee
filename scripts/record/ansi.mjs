/** Colours of the terminal, by the number that SGR gives them (3x and 9x). */
const COLORS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

const PLAIN = { color: undefined, bold: false, dim: false };

/** The style after one SGR number. Throws for one that kboot's own output does not use. */
function applySgr(style, code) {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 39) return { ...style, color: undefined };
  if (code >= 30 && code <= 37) return { ...style, color: COLORS[code - 30] };
  if (code >= 90 && code <= 97) return { ...style, color: COLORS[code - 90] };
  throw new Error(`the recording has an unknown SGR code: ${code}`);
}

/**
 * Reads the lines of a screen with SGR sequences as `[[{ text, color, bold, dim }]]`: for each line its runs of equal
 * style, without blanks at its end. The style goes on from line to line, as tmux writes it.
 */
export function parseScreen(screen) {
  let style = PLAIN;
  return screen.split('\n').map((line) => {
    const runs = [];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
    for (const [, codes, text] of line.matchAll(/\u001b\[([\d;]*)m|([^\u001b]+)/g)) {
      if (text !== undefined) runs.push({ text, ...style });
      else for (const code of codes.split(';')) style = applySgr(style, Number(code));
    }
    const last = runs.at(-1);
    if (last) last.text = last.text.trimEnd();
    return runs.filter(({ text }) => text !== '');
  });
}
