import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { exists } from '../../lib/exists.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { OnProgress } from './progress.ts';

/** Results that no build used for this long are deleted. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** No step takes this long: what is older was left by a build that was killed. */
const UNFINISHED_MS = 6 * 60 * 60 * 1000;

const UNFINISHED = '.unfinished-';

const HEX_OF_KEY = 20;

export interface StepSpec {
  /** Part of a file name. */
  readonly name: string;
  /** For people: "Compile etcd v3.7.3". */
  readonly title: string;
  /** Everything the result depends on, as JSON. */
  readonly inputs: unknown;
}

/**
 * Steps whose results are folders, each made once for given inputs. A result appears under its name when it is
 * whole, so that a build which was interrupted goes on with the step it was in.
 */
export class Steps {
  readonly #dir: string;
  readonly #onProgress: OnProgress;
  readonly #signal: AbortSignal | undefined;

  constructor(cacheDir: string, onProgress: OnProgress, signal?: AbortSignal) {
    this.#dir = join(cacheDir, 'steps');
    this.#onProgress = onProgress;
    this.#signal = signal;
  }

  /** The folder of a step's result; `make` fills an empty folder when there is none yet. */
  async run({ name, title, inputs }: StepSpec, make: (dir: string) => Promise<void>): Promise<string> {
    this.#signal?.throwIfAborted();
    const key = createHash('sha256')
      .update(canonicalJson({ name, inputs }))
      .digest('hex')
      .slice(0, HEX_OF_KEY);
    const result = join(this.#dir, `${name}-${key}`);
    const now = new Date();
    if (await exists(result)) {
      await utimes(result, now, now);
      this.#onProgress({ step: name, title, state: 'skip', ms: 0 });
      return result;
    }
    this.#onProgress({ step: name, title, state: 'start', ms: 0 });
    await mkdir(this.#dir, { recursive: true });
    const unfinished = await mkdtemp(join(this.#dir, `${UNFINISHED}${name}-`));
    try {
      await make(unfinished);
      await rename(unfinished, result).catch(async (error: unknown) => {
        // Another build may have made the same result in the meantime.
        if (!(await exists(result))) throw error;
      });
    } catch (error) {
      this.#onProgress({ step: name, title, state: 'failed', ms: Date.now() - now.getTime() });
      throw error;
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
    this.#onProgress({ step: name, title, state: 'done', ms: Date.now() - now.getTime() });
    return result;
  }

  /** Deletes what killed builds left half done, and results that have not been used for a month. */
  async sweep(): Promise<void> {
    await mkdir(this.#dir, { recursive: true });
    for (const entry of await readdir(this.#dir)) {
      const path = join(this.#dir, entry);
      const stats = await stat(path).catch(() => undefined);
      if (!stats) continue;
      const limit = entry.startsWith(UNFINISHED) ? UNFINISHED_MS : KEPT_MS;
      if (Date.now() - stats.mtimeMs > limit) await rm(path, { recursive: true, force: true });
    }
  }
}

/** What another step may take as an input in place of the files of a result: its name has the key. */
export const keyOf = (result: string): string => basename(result);
