import { createReadStream } from 'node:fs';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { KbootError } from '../lib/errors.ts';
import type { Cluster } from './cluster.ts';
import { explain } from './explain.ts';
import { type Finding, formatIssue, type Issue, toPath } from './issue.ts';
import { tooDeepAt } from './nesting.ts';
import { normalise } from './normalise.ts';
import { RULES } from './rules/index.ts';
import { WrittenCluster } from './schema.ts';
import { sourceOf } from './source.ts';

/** Room for ten thousand machines. */
const MOST_BYTES = 1024 * 1024;

/** A cluster is there exactly when no issue is an error. */
export type LoadResult =
  | { readonly cluster: Cluster; readonly issues: readonly Issue[] }
  | { readonly cluster: undefined; readonly issues: readonly Issue[] };

/**
 * Checks the text of a cluster file and fills in its defaults. Never throws for what people write: every issue
 * is in the result, in the order of the lines. `file` is the absolute path the text came from (relative paths
 * in it are resolved against its folder), `home` stands for `~`.
 */
export function parseCluster(text: string, file: string, home: string): LoadResult {
  const lines = new LineCounter();
  const document = documentOf(text, lines);
  if (typeof document === 'number') {
    const message = 'is nested too deeply for a cluster file';
    return failed([{ severity: 'error', line: document, path: '', message }]);
  }
  if (document.errors.length > 0)
    return failed(
      document.errors.map((error) => ({
        severity: 'error',
        line: lines.linePos(error.pos[0]).line,
        path: '',
        message:
          error.code === 'MULTIPLE_DOCS'
            ? 'a second document begins here: keep one cluster in a file'
            : `is not valid YAML: ${error.message}`,
      })),
    );
  const source = sourceOf(document, lines);
  const toIssue = ({ severity = 'error', keys, message }: Finding): Issue => ({
    severity,
    line: source.lineOf(keys),
    path: toPath(keys),
    message,
  });
  const value = plainOf(document);
  if (value instanceof ReferenceError) {
    return failed([
      {
        severity: 'error',
        line: undefined,
        path: '',
        message: `its aliases cannot be resolved: ${value.message}`,
      },
    ]);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return failed([
      { severity: 'error', line: undefined, path: '', message: 'must hold apiVersion, kind and masters' },
    ]);
  const parsed = WrittenCluster.safeParse(value);
  if (!parsed.success)
    return failed(parsed.error.issues.flatMap((issue) => explain(issue, source, value)).map(toIssue));
  const cluster = normalise(parsed.data, file, home);
  const issues = sorted(RULES.flatMap((rule) => rule(cluster)).map(toIssue));
  return issues.some(({ severity }) => severity === 'error') ? failed(issues) : { cluster, issues };
}

/** The document; the number of a line where it is nested too deeply to be read. */
function documentOf(text: string, lines: LineCounter): Document.Parsed | number {
  const deep = tooDeepAt(text);
  if (deep !== undefined) return deep;
  try {
    return parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  } catch (error) {
    // The library calls itself, also for what turns out to be no YAML.
    if (error instanceof RangeError) return 1;
    throw error;
  }
}

/** What the document says; as a value the error for aliases that are missing or grow beyond measure. */
function plainOf(document: Document.Parsed): unknown {
  try {
    return document.toJS();
  } catch (error) {
    if (error instanceof ReferenceError) return error;
    throw error;
  }
}

/**
 * Reads and checks the cluster file at the absolute path `file`. Throws CONFIG_INVALID, which lists every error
 * with its line, when the file cannot be read or is wrong; warnings are returned as texts for a person.
 */
export async function loadCluster(
  file: string,
  home: string,
): Promise<{ readonly cluster: Cluster; readonly warnings: readonly string[] }> {
  return requireValid(file, parseCluster(await readClusterFile(file), file, home));
}

/** The cluster of a file that is right, with its warnings as texts for a person. Throws CONFIG_INVALID. */
export function requireValid(
  file: string,
  { cluster, issues }: LoadResult,
): { readonly cluster: Cluster; readonly warnings: readonly string[] } {
  if (cluster === undefined) throw invalidCluster(file, issues);
  return { cluster, warnings: issues.map((issue) => formatIssue(file, issue)) };
}

/** The text of the cluster file. Throws CONFIG_INVALID when there is none. */
export async function readClusterFile(file: string): Promise<string> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of createReadStream(file, { end: MOST_BYTES })) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    if (bytes.length > MOST_BYTES) throw new Error(`it is longer than ${MOST_BYTES} bytes`);
    return bytes.toString('utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new KbootError('CONFIG_INVALID', missing ? `${file}: there is no such file` : `${file}: ${cause}`, {
      cause,
      hint: missing
        ? 'name it with --file, or let `kboot init NAME` write one for the machine NAME'
        : 'kboot needs to read its cluster file',
    });
  }
}

/** The error that lists all that is wrong with a cluster file. */
export function invalidCluster(file: string, issues: readonly Issue[]): KbootError {
  const errors = issues.filter(({ severity }) => severity === 'error');
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`;
  const list = errors.map((issue) => `  ${formatIssue(file, issue)}`).join('\n');
  return new KbootError('CONFIG_INVALID', `${file}: ${count}, nothing was done\n${list}`, {
    hint: 'correct the lines above and run the same command again',
  });
}

function failed(issues: readonly Issue[]): LoadResult {
  return { cluster: undefined, issues: sorted(issues) };
}

function sorted(issues: readonly Issue[]): readonly Issue[] {
  return [...issues].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
