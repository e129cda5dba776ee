import type { Header } from 'tar-stream';
import { fingerprint } from './fingerprint.ts';
import {
  badEntry,
  LAYER_SCAN_VERSION,
  type LayerEntry,
  type LayerScan,
  layerPath,
  parentPaths,
} from './layer-entry.ts';

/** A member of a tar archive as its reader gives it. */
export interface Member {
  readonly header: Readonly<Header>;
  /** Of a file: its hash, and its text where it is wanted. */
  readonly content?: { readonly sha256: string; readonly text?: string };
}

const WHITEOUT = '.wh.';

/**
 * Takes the members of one layer's archive in their order and throws IMAGE_INVALID at the first that could
 * reach out of the layer's own folder: by its name, through a link, as a hard link to something that is not in
 * the layer, or by a construct that tar programs read differently. Device nodes and pipes are left out.
 */
export class LayerChecker {
  readonly #digest: string;
  readonly #entries = new Map<string, LayerEntry>();
  /** Directories which only the path of another entry tells of. */
  readonly #implied = new Set<string>();
  readonly #whiteouts = new Set<string>();
  readonly #opaque = new Set<string>();
  readonly #leftOut: string[] = [];

  constructor(digest: string) {
    this.#digest = digest;
  }

  add(member: Member): void {
    const { header } = member;
    const path = layerPath(header.name);
    if (path === undefined) throw this.#bad(member, 'does not stay inside the image');
    this.#checkConstruct(member);
    if (path === '') {
      if (header.type !== 'directory') throw this.#bad(member, 'takes the place of the root');
      return;
    }
    this.#checkParents(member, path);
    const base = path.slice(path.lastIndexOf('/') + 1);
    if (base.startsWith(WHITEOUT)) {
      this.#addWhiteout(member, path, base);
      return;
    }
    const entry = this.#entryOf(member, path);
    if (!entry) {
      this.#leftOut.push(header.name);
      return;
    }
    const earlier = this.#implied.has(path) ? 'directory' : this.#entries.get(path)?.type;
    if (earlier !== undefined && (earlier !== entry.type || entry.type === 'link')) {
      throw this.#bad(member, 'is there twice');
    }
    this.#entries.set(path, entry);
    this.#implied.delete(path);
    for (const parent of parentPaths(path)) if (!this.#entries.has(parent)) this.#implied.add(parent);
  }

  /** Everything seen so far. */
  scan(): LayerScan {
    return {
      version: LAYER_SCAN_VERSION,
      digest: this.#digest,
      entries: [...this.#entries.values()],
      whiteouts: [...this.#whiteouts],
      opaque: [...this.#opaque],
      leftOut: this.#leftOut,
      fingerprint: fingerprint(this.#entries.values(), this.#implied),
    };
  }

  #entryOf({ header, content }: Member, path: string): LayerEntry | undefined {
    const mode = header.mode & 0o7777;
    switch (header.type) {
      case 'directory':
        return { type: 'directory', path, mode, owner: `${header.uid}:${header.gid}` };
      case 'file':
      case 'contiguous-file':
        return { type: 'file', path, mode, ...content };
      case 'symlink':
        return { type: 'link', path, target: this.#targetOf({ header }) };
      case 'link':
        return { ...this.#linked({ header }), path };
      case 'character-device':
      case 'block-device':
      case 'fifo':
        if (/[\n\\]/.test(header.name)) throw this.#bad({ header }, 'is a device with an odd name');
        return undefined;
      default:
        throw this.#bad({ header }, 'is of a type that no layer has');
    }
  }

  #targetOf(member: Member): string {
    const target = member.header.linkname ?? '';
    if (target === '' || /[\0\uFFFD]/.test(target))
      throw this.#bad(member, 'is a link to an unreadable name');
    return target;
  }

  /** The entry a hard link shares its file with. */
  #linked(member: Member): LayerEntry {
    const target = layerPath(this.#targetOf(member));
    const entry = target === undefined ? undefined : this.#entries.get(target);
    if (!entry || entry.type === 'directory') {
      throw this.#bad(member, 'is a hard link to something that is not a file of the same layer');
    }
    return entry;
  }

  #addWhiteout(member: Member, path: string, base: string): void {
    const parent = path.slice(0, -base.length);
    if (base === '.wh..wh..opq') {
      this.#opaque.add(parent.replace(/\/$/, ''));
      return;
    }
    // Other names with a doubled mark are a storage driver's own notes.
    if (base.startsWith('.wh..wh.')) return;
    const deleted = base.slice(WHITEOUT.length);
    if (['', '.', '..'].includes(deleted)) throw this.#bad(member, 'deletes nothing that can be named');
    this.#whiteouts.add(`${parent}${deleted}`);
  }

  #checkParents(member: Member, path: string): void {
    for (const parent of parentPaths(path)) {
      if (parent.slice(parent.lastIndexOf('/') + 1).startsWith(WHITEOUT)) {
        throw this.#bad(member, 'is below a deletion mark');
      }
      const entry = this.#entries.get(parent);
      if (entry && entry.type !== 'directory') {
        throw this.#bad(member, `passes through ${JSON.stringify(parent)}, which is a ${entry.type}`);
      }
    }
  }

  /** Refuses what GNU tar and tar-stream would take for different things. */
  #checkConstruct(member: Member): void {
    const { type, size, pax } = member.header;
    if (size !== 0 && type !== 'file' && type !== 'contiguous-file') {
      throw this.#bad(member, 'has content without being a file');
    }
    for (const [key, value] of Object.entries(pax ?? {})) {
      if (key.startsWith('GNU.') || (key === 'size' && !/^\d+$/.test(String(value)))) {
        throw this.#bad(member, `has the unusual attribute ${key}`);
      }
    }
  }

  #bad({ header }: Member, why: string) {
    return badEntry(this.#digest, header.name, why);
  }
}
