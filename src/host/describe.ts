import { escapeLine, escapeText } from '../lib/escape.ts';
import { type Command, toShell } from './command.ts';

const LONGEST = 240;

/** A command as commandLine shows it, cut off where it is too long for a message. */
export function describe(command: Command): string {
  const shown = commandLine(command);
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)}...` : shown;
}

/**
 * A command as one line for people: a script by its name and its arguments, control characters escaped. What it runs
 * under is left out.
 */
export function commandLine({ argv, sudo }: Command): string {
  const [program, flag, text, name = '', ...args] = argv;
  const isScript = program === 'sh' && flag === '-c' && text?.includes('\n') === true;
  const line = toShell(isScript ? [name, ...args] : argv);
  return escapeLine(sudo === true ? `sudo ${line}` : line);
}

/** Characters of a line in a message. */
const LONGEST_LINE = 1_000;

/**
 * The last line with something in it, or the end of it: where most programs say why they failed. Empty when there is
 * none.
 */
export function lastLine(text: string): string {
  const whole = text.trimEnd();
  const line = whole.slice(whole.lastIndexOf('\n') + 1).trim();
  return escapeText(line.length > LONGEST_LINE ? `...${line.slice(-LONGEST_LINE)}` : line);
}
