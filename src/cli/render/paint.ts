import { styleText } from 'node:util';
import type { Io } from '../io.ts';

type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;

/**
 * Colours for stderr: only on a terminal, and not when `--no-color`, NO_COLOR (any value but the empty one, see
 * no-color.org) or TERM=dumb forbid them.
 */
export function paintFor({ stderr, env }: Pick<Io, 'stderr' | 'env'>, color: boolean): Paint {
  const wanted = color && stderr.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  // Without it styleText looks at process.stdout, which is not where this goes.
  return wanted ? (style, text) => styleText(style, text, { validateStream: false }) : plain;
}
