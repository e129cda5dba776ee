/**
 * How YAML that others wrote is parsed: without warnings on the operator's terminal, and without pretty errors, each
 * of which copies its whole line. A line may be long and have many.
 */
export const FOREIGN_YAML = { logLevel: 'silent', prettyErrors: false } as const;
