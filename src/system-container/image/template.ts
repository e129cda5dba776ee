import { KbootError } from '../../lib/errors.ts';

/** What a variable can hold. Manifests may preset any JSON scalar. */
export type Scalar = string | number | boolean | null;
export type Values = ReadonlyMap<string, Scalar>;

const PLACEHOLDER = /\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\}|)/g;

/** A value as the text that a template gets. Booleans and null are written as images of the format expect them. */
export function asText(value: Scalar): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

/**
 * Expands `$NAME`, `${NAME}` and `$$` in one pass: values go in literally and are never scanned again. `path`
 * names the template in errors. Throws IMAGE_INVALID at the first `$` that starts nothing and at the first
 * variable without a value.
 */
export function expand(text: string, values: Values, path: string): string {
  return text.replace(PLACEHOLDER, (_match, escaped, named, braced, offset: number) => {
    if (escaped) return '$';
    const name: string | undefined = named ?? braced;
    if (name === undefined) throw invalidPlaceholder(text, offset, path);
    const value = values.get(name);
    if (value === undefined) {
      throw new KbootError(
        'IMAGE_INVALID',
        `The template file '${path}' still contains an unreplaced value for: ''${name}''`,
        { hint: `give it a value: --set ${name}=VALUE` },
      );
    }
    return asText(value);
  });
}

/** Names of the variables that a template uses, each once, in the order of their first use. */
export function variablesOf(text: string): readonly string[] {
  const names = [...text.matchAll(PLACEHOLDER)].map((match) => match[2] ?? match[3]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

function invalidPlaceholder(text: string, offset: number, path: string): KbootError {
  const lines = text.slice(0, offset).split(/\r\n|\n|\r/);
  const column = (lines.at(-1) ?? '').length + 1;
  return new KbootError(
    'IMAGE_INVALID',
    `${path}: Invalid placeholder in string: line ${lines.length}, col ${column}`,
    { hint: 'a literal $ is written $$ in a template' },
  );
}
