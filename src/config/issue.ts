/** Keys and indices from the root of the document to a value: `['masters', 0, 'name']`. */
export type Keys = readonly (string | number)[];

/** One thing that is wrong with a cluster file, or unwise. */
export interface Issue {
  readonly severity: 'error' | 'warning';
  /** Counted from 1; undefined when it is about the file as a whole. */
  readonly line: number | undefined;
  /** `masters[0].name`; empty when it is about the file as a whole. */
  readonly path: string;
  /** What is wrong and what to write instead: the end of a sentence that begins with the path. */
  readonly message: string;
}

/** What a rule finds: an issue whose place is still given by keys. */
export interface Finding {
  readonly severity?: Issue['severity'];
  readonly keys: Keys;
  readonly message: string;
}

/** Keys as people write them: `masters[0].ssh.port`. */
export function toPath(keys: Keys): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`;
    return path === '' ? key : `${path}.${key}`;
  }, '');
}

/** One line for a person: `kboot.yaml:7: nodes[0].name: is used twice`. */
export function formatIssue(file: string, { severity, line, path, message }: Issue): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return [
    place,
    ...(severity === 'warning' ? ['warning'] : []),
    ...(path === '' ? [] : [path]),
    message,
  ].join(': ');
}
