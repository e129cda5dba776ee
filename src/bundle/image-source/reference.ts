import { resolve } from 'node:path';
import { KbootError } from '../../lib/errors.ts';

interface Named {
  /**
   * The reference as the user gave it, with the tag `latest` where a name has none, and with an absolute path. It
   * is recorded beside a deployment, so that an update finds the image again.
   */
  readonly name: string;
}

interface File {
  /** Absolute. */
  readonly path: string;
  readonly tag: string | undefined;
}

interface Repository {
  /** `kboot/etcd`, `registry.example.com:5000/team/web` */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Where an image comes from. */
export type ImageReference = Named &
  (
    | ({ readonly transport: 'bundle' } & Repository)
    | ({ readonly transport: 'docker' } & Repository)
    | ({ readonly transport: 'oci' } & File)
    | ({ readonly transport: 'oci-archive' } & File)
    | ({ readonly transport: 'docker-archive' } & File)
  );

type FileTransport = 'oci' | 'oci-archive' | 'docker-archive';

const FORMS = [
  'etcd, kboot/etcd:v1.37.2 (an image of the bundle)',
  'oci:DIR[:TAG]',
  'oci-archive:FILE[:TAG]',
  'docker-archive:FILE[:NAME:TAG]',
  'docker://REGISTRY/NAME[:TAG|@sha256:HEX]',
].join('\n');

/** Sources that other programs know and kboot does not. */
const FOREIGN = /^(?:https?|containers-storage|dir|docker|docker-daemon|ostree|sif|tarball):/;

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const HOST = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?';
const SUFFIX = '(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?';
const IN_BUNDLE = new RegExp(`^(?<repository>(?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*)${SUFFIX}$`);
const IN_REGISTRY = new RegExp(`^(?<repository>${HOST}(?:/${COMPONENT})+)${SUFFIX}$`);

/**
 * Reads how a user names an image, by its syntax alone: no file and no server is asked. Relative paths start at
 * `cwd`. Throws USAGE.
 */
export function parseImageReference(text: string, cwd: string): ImageReference {
  const [, transport, rest] = /^(oci|oci-archive|docker-archive):(.*)$/s.exec(text) ?? [];
  if (transport !== undefined) return inFile(text, transport as FileTransport, rest ?? '', cwd);
  const place = /^docker:\/\/(.*)$/s.exec(text)?.[1];
  if (place !== undefined) return inRegistry(text, place);
  if (FOREIGN.test(text)) throw usage(text, 'kboot does not know this kind of source');
  return { transport: 'bundle', ...repositoryOf(text, IN_BUNDLE, text, '') };
}

function inFile(text: string, transport: FileTransport, rest: string, cwd: string): ImageReference {
  const at = rest.indexOf(':');
  const file = at < 0 ? rest : rest.slice(0, at);
  const tag = at < 0 ? undefined : rest.slice(at + 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
  if (/[\0-\x1f]/.test(rest)) throw usage(text, 'it has control characters');
  if (file === '') throw usage(text, 'it has no path');
  if (tag !== undefined && (tag === '' || /\s/.test(tag)))
    throw usage(text, 'its tag is empty or has blanks');
  const path = resolve(cwd, file);
  return { transport, path, tag, name: `${transport}:${path}${tag === undefined ? '' : `:${tag}`}` };
}

function inRegistry(text: string, place: string): ImageReference {
  const found = repositoryOf(text, IN_REGISTRY, place, 'docker://');
  const host = found.repository.slice(0, found.repository.indexOf('/'));
  if (!/[.:]/.test(host) && host !== 'localhost') {
    throw usage(
      text,
      `${host} is no registry: Docker Hub's is docker.io, as in docker://docker.io/library/busybox`,
    );
  }
  return { transport: 'docker', ...found };
}

function repositoryOf(text: string, pattern: RegExp, place: string, prefix: string): Named & Repository {
  const { repository, tag, digest } = pattern.exec(place)?.groups ?? {};
  if (repository === undefined) throw usage(text, 'it is not spelled like one');
  const name = tag === undefined && digest === undefined ? `${prefix}${place}:latest` : `${prefix}${place}`;
  return { name, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

function usage(text: string, why: string): KbootError {
  return new KbootError('USAGE', `${JSON.stringify(text)} does not name an image: ${why}`, {
    hint: `an image is one of\n${FORMS}`,
  });
}
