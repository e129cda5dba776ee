import type { Header } from 'tar-stream';
import {
  badEntry,
  isLinkTarget,
  LAYER_SCAN_VERSION,
  type LayerEntry,
  type LayerScan,
  layerPath,
  parentPaths,
} from './entry.ts';
import { fingerprint } from './fingerprint.ts';

/** A member of a tar archive as its reader gives it. */
export interface Member {
  readonly header: Readonly<Header>;
  /** Of a file: its hash, and its text where it is wanted. */
  readonly content?: { readonly sha256: string; readonly text?: string };
}

const WHITEOUT = '.wh.';

/** Bytes that all paths of a layer may take: a layer beyond that is made to use up the memory. */
const MAX_REMEMBERED = 256 * 1024 * 1024;

/** What file systems give out space by. */
const BLOCK = 4096;

/**
 * Takes the members of one layer's archive in their order and throws IMAGE_INVALID at the first that could
 * reach out of the layer's own folder: by its name, through a link, or as a hard link to something that is not in
 * the layer. Device nodes and pipes are left out. What tar programs read differently is LayerStructure's.
 */
export class LayerChecker {
  readonly #digest: string;
  readonly #entries = new Map<string, LayerEntry>();
  /** Directories which only the path of another entry tells of. */
  readonly #implied = new Set<string>();
  readonly #whiteouts = new Set<string>();
  readonly #opaque = new Set<string>();
  /** Names of devices and pipes in the archive, by their paths. */
  readonly #leftOut = new Map<string, string>();
  #remembered = 0;
  #unpacked = 0;
  #guarded = false;

  constructor(digest: string) {
    this.#digest = digest;
  }

  add(member: Member): void {
    const { header } = member;
    const path = layerPath(header.name);
    if (path === undefined) throw this.#bad(member, 'does not stay inside the image');
    if (header.type !== 'directory' && (path === '' || /\/\.\/*$/.test(header.name))) {
      throw this.#bad(member, 'takes the place of a directory');
    }
    if (path === '') return;
    this.#checkParents(member, path);
    const base = path.slice(path.lastIndexOf('/') + 1);
    if (base.startsWith(WHITEOUT)) {
      this.#addWhiteout(member, path, base);
      return;
    }
    const entry = this.#entryOf(member, path);
    const earlier = this.#typeAt(path);
    if (!entry) {
      if (earlier !== undefined) throw this.#bad(member, 'is there twice');
      this.#leftOut.set(path, header.name);
      this.#remember(member, path);
      return;
    }
    if (earlier !== undefined && (earlier !== entry.type || entry.type === 'link')) {
      throw this.#bad(member, 'is there twice');
    }
    this.#entries.set(path, entry);
    this.#guarded ||= wantsGuard(header);
    this.#remember(member, path);
    this.#unpacked += sizeOnDisk(header);
    this.#implied.delete(path);
    for (const parent of parentPaths(path)) {
      if (this.#entries.has(parent) || this.#implied.has(parent)) continue;
      this.#implied.add(parent);
      this.#unpacked += BLOCK;
      this.#remember(member, parent);
    }
  }

  #typeAt(path: string): LayerEntry['type'] | 'device' | undefined {
    if (this.#leftOut.has(path)) return 'device';
    return this.#implied.has(path) ? 'directory' : this.#entries.get(path)?.type;
  }

  #remember(member: Member, path: string): void {
    this.#remembered += path.length;
    if (this.#remembered > MAX_REMEMBERED) throw this.#bad(member, 'is one path too many');
  }

  /** Everything seen so far. */
  scan(): LayerScan {
    return {
      version: LAYER_SCAN_VERSION,
      digest: this.#digest,
      entries: [...this.#entries.values()],
      whiteouts: [...this.#whiteouts],
      opaque: [...this.#opaque],
      leftOut: [...this.#leftOut.values()],
      guarded: this.#guarded,
      unpackedSize: this.#unpacked,
      fingerprint: fingerprint(this.#entries.values(), this.#implied),
    };
  }

  #entryOf({ header, content }: Member, path: string): LayerEntry | undefined {
    const mode = header.mode & 0o7777;
    const [user, group] = [idOf(header, 'uid'), idOf(header, 'gid')];
    switch (header.type) {
      case 'directory':
        return { type: 'directory', path, mode, owner: `${user}:${group}` };
      case 'file':
      case 'contiguous-file':
        return { type: 'file', path, mode: mode & ~foreignRights(user, group), ...content };
      case 'symlink':
        // A list of what was unpacked separates the two by a tab.
        if (path.includes('\t')) throw this.#bad({ header }, 'is a link with a tab in its name');
        return { type: 'link', path, target: this.#targetOf({ header }) };
      case 'link':
        return { ...this.#linked({ header }), path };
      case 'character-device':
      case 'block-device':
      case 'fifo':
        // The list by which tar leaves them out is read line by line, without blanks at the end.
        if (/[\n\\]|\s$|\/$/.test(header.name)) throw this.#bad({ header }, 'is a device with an odd name');
        return undefined;
      default:
        throw this.#bad({ header }, 'is of a type that no layer has');
    }
  }

  #targetOf(member: Member): string {
    const target = member.header.linkname ?? '';
    if (!isLinkTarget(target)) throw this.#bad(member, 'is a link to an unreadable name');
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
      const type = this.#typeAt(parent);
      if (type !== undefined && type !== 'directory') {
        throw this.#bad(member, `passes through ${JSON.stringify(parent)}, which is a ${type}`);
      }
    }
  }

  #bad({ header }: Member, why: string) {
    return badEntry(this.#digest, header.name, why);
  }
}

/** Links are kept where a file's name is, most of them at least. */
function sizeOnDisk({ type, size = 0 }: Member['header']): number {
  if (type === 'directory') return BLOCK;
  return type === 'file' || type === 'contiguous-file' ? Math.ceil(size / BLOCK) * BLOCK : 0;
}

/** A pax attribute holds what the field is too small for. */
function idOf(header: Member['header'], key: 'uid' | 'gid'): number {
  return Number(new Map(Object.entries(header.pax ?? {})).get(key) ?? header[key]);
}

/** The bits that would lend root's rights on a machine, where host files are root's, and another's in the image. */
function foreignRights(user: number, group: number): number {
  return (user === 0 ? 0 : 0o4000) | (group === 0 ? 0 : 0o2000);
}

/** Attributes of a file that lend rights: capabilities, and the labels of security modules. */
const LENDS = /^(?:SCHILY|LIBARCHIVE)\.xattr\.security\./;

/** Whether this entry must be kept from users of the machine, whose ids are no other than those of the image. */
function wantsGuard(header: Member['header']): boolean {
  const { type, mode } = header;
  if (type === 'symlink' || type === 'link') return false;
  if (idOf(header, 'uid') !== 0 || (mode & 0o002) !== 0) return true;
  if (idOf(header, 'gid') !== 0 && (mode & 0o020) !== 0) return true;
  if (type === 'directory') return false;
  return (mode & 0o6000) !== 0 || Object.keys(header.pax ?? {}).some((key) => LENDS.test(key));
}
