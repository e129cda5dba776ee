import { parseAllDocuments } from 'yaml';

/** Characters: a manifest or a kubeconfig has a tenth of it, and the library is slow with what has many mistakes. */
const MOST_CHARACTERS = 64 * 1024;

/**
 * The documents of YAML that others wrote, as plain data. Throws an Error for what is no YAML, or too much of it.
 * Without pretty errors, each of which copies its whole line: a line may be long and have many.
 */
export function readForeignYaml(text: string): readonly unknown[] {
  if (text.length > MOST_CHARACTERS) throw new Error(`more than ${MOST_CHARACTERS} characters of YAML`);
  const documents = parseAllDocuments(text, { logLevel: 'silent', prettyErrors: false });
  for (const { errors } of documents) if (errors[0]) throw errors[0];
  return documents.map((document) => document.toJS());
}
