import { badEntry } from './entry.ts';
import { HEADER_SIZE, isZero, readHeader, type TarHeader } from './header.ts';
import { type PaxRecords, readPax } from './pax.ts';

/** Real layers have some hundred thousand members; each is remembered. */
const MAX_MEMBERS = 2_000_000;

/** Bytes of content in one layer: what is larger is made to fill a disk. */
const MAX_CONTENT = 256 * 1024 ** 3;

/** Long names and attributes. */
const MAX_EXTENSION = 1024 * 1024;

/** What comes before a member and says more of it. */
interface Extensions {
  pax?: PaxRecords;
  longName?: string;
  longTarget?: string;
}

/**
 * Watches the bytes of a tar archive go by and throws IMAGE_INVALID at the first construct that programs read in
 * different ways: what kboot has checked must be what a machine's tar unpacks. Throws an Error for what is no tar.
 */
export class LayerStructure {
  readonly #digest: string;
  #block: Buffer = Buffer.alloc(0);
  /** Bytes of content and padding up to the next header. */
  #skip = 0;
  /** The extension whose content is being read. */
  #extension: { readonly type: string; readonly size: number } | undefined;
  #pending: Extensions = {};
  #ended = false;
  #members = 0;
  #content = 0;

  constructor(digest: string) {
    this.#digest = digest;
  }

  add(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, rest.length);
        this.#skip -= skipped;
        rest = rest.subarray(skipped);
        continue;
      }
      const wanted = this.#extension ? padded(this.#extension.size) : HEADER_SIZE;
      const part = rest.subarray(0, wanted - this.#block.length);
      this.#block = this.#block.length === 0 ? part : Buffer.concat([this.#block, part]);
      rest = rest.subarray(part.length);
      if (this.#block.length < wanted) return;
      const block = this.#block;
      this.#block = Buffer.alloc(0);
      if (this.#extension) this.#extend(this.#extension, block);
      else this.#begin(block);
    }
  }

  /** To be called when there is no more. */
  end(): void {
    if (Object.keys(this.#pending).length > 0) throw this.#bad('', 'has attributes without a member');
  }

  #begin(block: Buffer): void {
    if (isZero(block)) {
      this.#ended = true;
      return;
    }
    if (this.#ended) throw this.#bad('', 'has content behind its end');
    const header = readHeader(block, (why) =>
      this.#bad(block.toString('latin1', 0, 100).split('\0')[0], why),
    );
    if ('xgLK'.includes(header.type)) {
      if (header.size === 0 || header.size > MAX_EXTENSION)
        throw this.#bad(header.name, 'has odd attributes');
      this.#extension = header;
      return;
    }
    this.#member(header, this.#pending);
    this.#pending = {};
  }

  #extend({ type, size }: { readonly type: string; readonly size: number }, block: Buffer): void {
    this.#extension = undefined;
    const content = block.subarray(0, size);
    if (type === 'x') {
      this.#remember('pax', this.#read(content));
      return;
    }
    if (type === 'g') {
      const odd = [...this.#read(content).keys()].find((key) => key !== 'comment');
      if (odd !== undefined) throw this.#bad('', `has the attribute ${odd} for all members`);
      return;
    }
    const [text = ''] = content.toString().split('\0');
    if (text === '') throw this.#bad('', 'has an empty name');
    this.#remember(type === 'L' ? 'longName' : 'longTarget', text);
  }

  #read(content: Buffer): PaxRecords {
    return readPax(content, (why) => this.#bad('', why));
  }

  #remember<K extends keyof Extensions>(key: K, value: NonNullable<Extensions[K]>): void {
    if (this.#pending[key] !== undefined) throw this.#bad('', 'has attributes twice');
    this.#pending[key] = value;
  }

  #member(header: TarHeader, { pax, longName, longTarget }: Extensions): void {
    const path = pax?.get('path');
    const name = path ?? longName ?? header.name;
    if (path !== undefined && longName !== undefined) throw this.#bad(name, 'has two long names');
    if (pax?.has('linkpath') && longTarget !== undefined) throw this.#bad(name, 'has two long targets');
    if (name === '') throw this.#bad(name, 'has no name');
    const size = Number(pax?.get('size') ?? header.size);
    const isFile = '07'.includes(header.type);
    if (size !== 0 && !isFile) throw this.#bad(name, 'has content without being a file');
    // By a slash at its end an old archive meant a directory: some look for it in the long name, some nowhere.
    if (isFile && (name.endsWith('/') || header.name.endsWith('/'))) {
      throw this.#bad(name, 'is a file and a directory');
    }
    this.#members += 1;
    this.#content += size;
    if (this.#members > MAX_MEMBERS || this.#content > MAX_CONTENT) {
      throw this.#bad(name, 'is one too many: the layer is larger than any real one');
    }
    this.#skip = padded(size);
  }

  #bad(name: string | undefined, why: string) {
    return badEntry(this.#digest, name ?? '', why);
  }
}

/** With what fills the last block. */
const padded = (size: number): number => Math.ceil(size / HEADER_SIZE) * HEADER_SIZE;
