import { KbootError, messageOf } from '../../lib/errors.ts';
import { escapeText } from '../../lib/escape.ts';
import { type Paint, plain } from './paint.ts';

interface RenderOptions {
  /** The full log of the run, when there is one. */
  readonly logPath?: string | undefined;
  readonly paint?: Paint;
}

/**
 * What a person reads when a run failed, with a line break at its end: where and what, the command and its last
 * line of stderr (both are in the message), what to do, and the log file. Several machines' errors are listed
 * in their order. An error that kboot does not expect is called a bug.
 */
export function renderError(error: unknown, { logPath, paint = plain }: RenderOptions = {}): string {
  const lines = [`${paint('red', 'kboot:')} ${escapeText(headline(error))}`];
  for (const part of partsOf(error)) {
    lines.push(`  ${indent(escapeText(headline(part)))}`);
    lines.push(...hintsOf(part).map((hint) => `    ${label(paint, 'to do')} ${indent(escapeText(hint))}`));
  }
  lines.push(...hintsOf(error).map((hint) => `${label(paint, 'to do')} ${escapeText(hint)}`));
  const bug = hasBug(error);
  if (bug) lines.push('This is a bug in kboot: please report it with what you ran.');
  if (logPath !== undefined) lines.push(`${label(paint, 'full log')} ${logPath}`);
  // Without a log the stack would be lost.
  else if (bug && error instanceof Error && error.stack !== undefined) lines.push(escapeText(error.stack));
  return `${lines.join('\n')}\n`;
}

/** The errors of single machines inside an error about several; of an ordinary error, none. */
export function partsOf(error: unknown): readonly unknown[] {
  if (error instanceof AggregateError) return error.errors;
  if (error instanceof KbootError && error.cause instanceof AggregateError) return error.cause.errors;
  return [];
}

function headline(error: unknown): string {
  const message = messageOf(error);
  const named = error instanceof Error && !isExpected(error) ? `${error.name}: ${message}` : message;
  return message === '' ? 'failed without a message' : named;
}

function hintsOf(error: unknown): readonly string[] {
  return error instanceof KbootError && error.hint !== undefined ? [error.hint] : [];
}

function isExpected(error: unknown): boolean {
  return error instanceof KbootError || error instanceof AggregateError;
}

/** Whether some error here is not one that kboot expects. */
export function hasBug(error: unknown): boolean {
  return !isExpected(error) || partsOf(error).some(hasBug);
}

function label(paint: Paint, text: string): string {
  return paint('cyan', `${text}:`);
}

function indent(text: string): string {
  return text.replaceAll('\n', '\n  ');
}
