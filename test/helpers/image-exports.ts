import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IMAGES_DIR } from '../../src/bundle/build/release.ts';
import { computeValues } from '../../src/system-container/deployment/variables.ts';
import { type Manifest, parseManifest } from '../../src/system-container/image/manifest.ts';
import { expand, type Values } from '../../src/system-container/image/template.ts';
import { parseConfig } from '../../src/system-container/runtime-spec/config-json.ts';

/** What the build adds to the defaults, because only the release knows it. */
const FROM_THE_RELEASE = { PAUSE_IMAGE: 'registry.k8s.io/pause:3.10.2' };

type Settings = Readonly<Record<string, string>>;

/** The text of a file below images/. */
export const readOfImage = (...path: string[]): Promise<string> =>
  readFile(join(IMAGES_DIR, ...path), 'utf8');

/** The manifest of one of kboot's own images. */
export async function manifestOf(image: string): Promise<Manifest> {
  return parseManifest(await readOfImage(image, 'exports', 'manifest.json'), image);
}

/** The variables of one of kboot's own images on some machine. */
export async function valuesOf(image: string, user: Settings = {}): Promise<Values> {
  const unit = join(IMAGES_DIR, image, 'exports', 'service.template');
  return computeValues({
    name: image,
    destination: `/var/lib/containers/atomic/${image}.0`,
    image: { name: `kboot/${image}:v1.37.2`, id: 'abc' },
    user,
    defaults: { ...(await manifestOf(image)).defaultValues, ...FROM_THE_RELEASE },
    uuid: '00000000-0000-4000-8000-000000000000',
    capabilities: ['CAP_CHOWN', 'CAP_SYS_ADMIN'],
    runtime: '/usr/local/bin/runc',
    readOnly: [],
    features: { systemdCgroup: true, pidFile: true },
    unitTemplate: existsSync(unit) ? await readFile(unit, 'utf8') : '',
  });
}

/** A template below an image's exports, expanded. */
export async function expanded(image: string, file: string, user?: Settings): Promise<string> {
  return expand(await readOfImage(image, 'exports', file), await valuesOf(image, user), file);
}

/** The config.json of a deployment of the image. */
export async function configOf(image: string, user?: Settings) {
  const config = parseConfig(await expanded(image, 'config.json.template', user), image);
  return config as Readonly<Record<string, never>>;
}
