import { openImage } from '../../bundle/image-source/open.ts';
import { parseImageReference } from '../../bundle/image-source/reference.ts';
import type { Bundle } from '../../bundle/open.ts';
import { imageArchitecture } from '../../cluster/architecture.ts';
import type { Cluster } from '../../config/cluster.ts';
import { cacheDirectory } from '../../lib/base-directories.ts';
import { type OpenedImage, readImage } from '../../phases/containers/image.ts';
import { clusterBundle } from '../session/bundle.ts';
import type { Run } from '../verb.ts';

/** The images that a verb works with, each opened once. */
export class Images {
  readonly #run: Run;
  readonly #cluster: Cluster;
  readonly #insecure: boolean;
  readonly #opened = new Map<string, Promise<OpenedImage>>();
  #bundle: Promise<Bundle> | undefined;

  constructor(run: Run, cluster: Cluster, insecure: boolean) {
    this.#run = run;
    this.#cluster = cluster;
    this.#insecure = insecure;
  }

  /** The cluster's bundle, built where it is not there yet. */
  bundle(): Promise<Bundle> {
    this.#bundle ??= clusterBundle(this.#run, this.#cluster);
    return this.#bundle;
  }

  /** The bundle, if an image came from it. */
  get usedBundle(): Promise<Bundle | undefined> {
    return this.#bundle ?? Promise.resolve(undefined);
  }

  /** Opens an image for machines of this kind (`uname -m`). Throws as openImage() does. */
  open(name: string, machine: string): Promise<OpenedImage> {
    const arch = imageArchitecture(machine);
    const key = `${arch} ${name}`;
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    const opening = this.#open(name, arch);
    this.#opened.set(key, opening);
    return opening;
  }

  async #open(name: string, arch: string): Promise<OpenedImage> {
    const { io } = this.#run;
    const cacheDir = cacheDirectory(io);
    const source = await openImage(parseImageReference(name, io.cwd), {
      bundle: () => this.bundle(),
      ...{ cacheDir, arch, env: { ...io.env, HOME: io.home } },
      ...{ signal: io.signal, insecure: this.#insecure },
    });
    return readImage(source, cacheDir);
  }
}
