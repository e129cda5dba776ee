const FONT = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace';
const FONT_SIZE = 13;
const COLUMN = 7.85;
const ROW = 18;
const MARGIN = 14;

const BACKGROUND = '#16191d';
const FOREGROUND = '#d6dae0';
const COLORS = {
  black: '#3b4048',
  red: '#f2777a',
  green: '#8ecf80',
  yellow: '#e6c35c',
  blue: '#7aa6f0',
  magenta: '#d394e0',
  cyan: '#66c7d4',
  white: FOREGROUND,
};

const escapeXml = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const round = (number) => Number(number.toFixed(2));

/** One line as a text element, every run at its own column, so that no font moves what follows. */
function lineElement(runs) {
  let column = 0;
  const spans = runs.map(({ text, color, bold, dim }) => {
    const length = [...text].length;
    const attributes = [
      `x="${round(column * COLUMN)}"`,
      `textLength="${round(length * COLUMN)}"`,
      ...(color ? [`fill="${COLORS[color]}"`] : []),
      ...(bold ? ['font-weight="bold"'] : []),
      ...(dim ? ['opacity=".6"'] : []),
    ];
    column += length;
    return `<tspan ${attributes.join(' ')}>${escapeXml(text)}</tspan>`;
  });
  return `<text xml:space="preserve">${spans.join('')}</text>`;
}

/** Frames side by side; the animation moves one after the other into sight. */
function frameElements(frames, width) {
  const ids = new Map();
  const groups = frames.map(({ lines }, frame) => {
    const uses = lines.flatMap((runs, row) => {
      if (runs.length === 0) return [];
      const element = lineElement(runs);
      if (!ids.has(element)) ids.set(element, ids.size);
      return [`<use href="#l${ids.get(element)}" y="${(row + 1) * ROW}"/>`];
    });
    return `<g transform="translate(${frame * width})">${uses.join('')}</g>`;
  });
  const lines = [...ids].map(([element, id]) => element.replace('<text', `<text id="l${id}"`));
  return { groups, lines };
}

/**
 * An SVG that plays a recording again and again: `frames` are `{ at, lines }`, with `at` in milliseconds since the
 * beginning and the lines as parseScreen gives them. The last frame stays for `holdMs`; it is also what is seen where
 * nothing moves.
 */
export function renderSvg({ frames, columns, rows, title, holdMs }) {
  const width = Math.ceil(columns * COLUMN + 2 * MARGIN);
  const height = Math.ceil(rows * ROW + 2 * MARGIN);
  const { groups, lines } = frameElements(frames, width);
  const total = frames.at(-1).at + holdMs;
  const steps = frames.map(({ at }, frame) => {
    const percent = round((100 * at) / total);
    return `${percent}%{transform:translateX(${-frame * width}px)}`;
  });
  const end = -(frames.length - 1) * width;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escapeXml(title)}</title>
<style>
text{font:${FONT_SIZE}px ${FONT};fill:${FOREGROUND}}
.frames{animation:play ${round(total / 1000)}s steps(1,end) infinite}
@keyframes play{${steps.join('')}100%{transform:translateX(${end}px)}}
@media (prefers-reduced-motion:reduce){.frames{animation:none}}
</style>
<defs>
${lines.join('\n')}
</defs>
<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>
<svg x="${MARGIN}" y="${MARGIN - 4}" width="${width - 2 * MARGIN}" height="${height - MARGIN}"><g class="frames" transform="translate(${end})">
${groups.join('\n')}
</g></svg>
</svg>
`;
}
