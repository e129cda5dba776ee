import { KbootError } from '../../lib/errors.ts';
import { expandRenames, type HostFile, hostFiles } from '../host-file/host-files.ts';
import { formerPlaces, writablePlaces } from '../host-file/read-only-usr.ts';
import type { ExportFile, SystemImage } from '../image/image.ts';
import { asText, expand, type Values, variablesOf } from '../image/template.ts';
import { deploymentPath, packagedUnitPaths, parentsOf, tmpfilesPath, unitPath } from '../machine/paths.ts';
import {
  bindSources,
  defaultConfig,
  forMachine,
  parseConfig,
  parseLoosely,
} from '../runtime-spec/config-json.ts';
import type { SpecFacts } from '../runtime-spec/facts.ts';
import { hookPrograms } from '../runtime-spec/security.ts';
import type { DeploymentSpec } from './deployment-spec.ts';
import { directoriesMadeBy } from './tmpfiles.ts';
import { BUILT_IN_UNIT, type RuntimeFeatures, withReachableNotify } from './unit.ts';
import { computeValues } from './variables.ts';

export interface RenderInputs extends Omit<DeploymentSpec, 'remote'> {
  readonly root: string;
  readonly features: RuntimeFeatures;
  /** What its runtime can do with a configuration; of an unknown machine nothing is known. */
  readonly facts?: SpecFacts | undefined;
  /** What `RUNTIME spec --rootless` printed; for images without a configuration. */
  readonly spec: string | undefined;
  /** Absolute path of a root filesystem on the machine that the container uses instead of the image's. */
  readonly remoteRootfs?: string | undefined;
}

/** A deployment's texts, as far as they do not depend on what else is on the machine. */
export interface Rendered {
  readonly values: Values;
  readonly config: string;
  readonly bindSources: readonly string[];
  /** Programs that the runtime is to call beside the container. */
  readonly hookPrograms: readonly string[];
  /** undefined: the image has no service. */
  readonly unit: string | undefined;
  /** undefined: lines are made for bind sources that are missing. */
  readonly tmpfiles: string | undefined;
  readonly renames: Readonly<Record<string, string>>;
  readonly hostFiles: readonly HostFile[];
  /** The manifest's health check, expanded. */
  readonly healthCheck: readonly string[];
  readonly warnings: readonly string[];
}

/** Expands and checks all that an image brings, before anything is changed. Throws IMAGE_INVALID or REFUSED. */
export function render(inputs: RenderInputs): Rendered {
  const { image, name, root, slot, remoteRootfs } = inputs;
  const destination = deploymentPath(root, name, slot);
  const { values, config: text, unit, tmpfiles } = deploymentTexts({ ...inputs, destination });
  const configPath = `${destination}/config.json`;
  const wished = expandRenames(image, values);
  const moves = writablePlaces(image, wished, inputs.readOnly);
  const renames = { ...wished, ...moves };
  const files = hostFiles(image, renames, values);
  const { text: config, warnings } = forMachine(
    withRemoteRootfs(text, configPath, remoteRootfs),
    configPath,
    { capabilities: inputs.capabilities, facts: factsFor(inputs, files, tmpfiles) },
  );
  checkUnits(image, files);
  const service = image.manifest.noContainerService ? undefined : unit();
  return {
    ...{ values, config, tmpfiles, renames, hostFiles: files },
    bindSources: bindSources(parseConfig(config, configPath, { remote: remoteRootfs !== undefined })),
    hookPrograms: hookPrograms(parseLoosely(config, configPath)).filter((path) =>
      /^\/[^\t\n\r\0]*$/.test(path),
    ),
    unit: service?.unit,
    healthCheck: image.manifest.healthCheck.map((word) => expand(word, values, 'manifest.json')),
    warnings: [
      ...(image.hasExports ? [] : withoutExports(destination)),
      ...warnings,
      ...(service?.changes ?? []).map((change) => `${destination}/${name}.service: ${change}`),
      ...formerPlaces(image, moves),
    ],
  };
}

/** What the image brings itself, and what lies in a deployment, is not missing. */
function factsFor(
  { facts = {}, features, root }: RenderInputs,
  files: readonly HostFile[],
  tmpfiles: string | undefined,
): SpecFacts {
  const brought = new Set(files.map(({ path }) => path));
  const absent = [...(facts.absent ?? [])].filter(
    (path) => !brought.has(path) && !path.startsWith(`${root}/`),
  );
  const words = new Set(tmpfiles?.split(/\s+/));
  // Without a template every source that is missing becomes a directory.
  const nobodys = tmpfiles === undefined ? [] : absent.filter((path) => !words.has(path));
  return {
    ...facts,
    absent: new Set(absent),
    nobodys: new Set(nobodys),
    systemdCgroup: features.systemdCgroup,
  };
}

type TextInputs = Omit<RenderInputs, 'root' | 'slot' | 'remoteRootfs'> & { readonly destination: string };

/** The templates of an image, expanded. */
export function deploymentTexts(inputs: TextInputs) {
  const { image, destination, userValues } = inputs;
  const unitTemplate = image.files['service.template'] ?? BUILT_IN_UNIT;
  const { defaultValues: defaults } = image.manifest;
  const values = computeValues({ ...inputs, user: userValues, defaults, unitTemplate });
  const template = (file: ExportFile) => `${destination}/rootfs/exports/${file}`;
  const tmpfiles = image.files['tmpfiles.template'];
  if (tmpfiles !== undefined) refuseLineBreaks(tmpfiles, values, userValues);
  return {
    values,
    config: configText(inputs, values, template('config.json.template')),
    tmpfiles: tmpfiles === undefined ? undefined : expand(tmpfiles, values, template('tmpfiles.template')),
    unit: () => {
      refuseLineBreaks(unitTemplate, values, userValues);
      const text = expand(unitTemplate, values, template('service.template'));
      return withReachableNotify(text, asText(values.get('EXEC_START') ?? ''));
    },
  };
}

function configText(
  { image, spec }: Pick<RenderInputs, 'image' | 'spec'>,
  values: Values,
  path: string,
): string {
  const plain = image.files['config.json'];
  if (plain !== undefined) return plain;
  const template = image.files['config.json.template'];
  return template === undefined ? defaultConfig(spec) : expand(template, values, path);
}

/** The format checks what the image says of its root before the remote one takes its place. */
function withRemoteRootfs(text: string, path: string, remoteRootfs: string | undefined): string {
  if (remoteRootfs === undefined) return text;
  const config = parseConfig(text, path, { remote: true });
  if (Object.keys(config).length === 0) return text;
  return `${JSON.stringify({ ...config, root: { ...config.root, path: remoteRootfs } }, null, 4)}\n`;
}

/**
 * A line break in a user's value could add directives to a unit, also where the value is a part of one that is worked
 * out (RUN_DIRECTORY in PIDFILE).
 */
function refuseLineBreaks(
  template: string,
  values: Values,
  userValues: Readonly<Record<string, string>>,
): void {
  const texts = variablesOf(template).map((name) => asText(values.get(name) ?? ''));
  const broken = Object.entries(userValues).find(
    ([, value]) => /[\n\r]/.test(value) && texts.some((text) => text.includes(value)),
  );
  if (broken === undefined) return;
  throw new KbootError('REFUSED', `the value of ${broken[0]} has a line break: it cannot go into a unit`);
}

/** Units that the image wants started must be among the files it brings. */
function checkUnits({ name, manifest }: SystemImage, files: readonly HostFile[]): void {
  const brought = new Set(files.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)));
  const missing = manifest.units.find((unit) => !brought.has(unit));
  if (missing !== undefined) {
    throw new KbootError(
      'IMAGE_INVALID',
      `image ${name}: its manifest names the unit ${missing}, but it brings none`,
    );
  }
}

function withoutExports(destination: string): readonly string[] {
  return [
    'Warning: /exports directory not found.  Default config files will be generated.',
    `Warning: You may want to modify \`${destination}/config.json\` before starting the service`,
  ];
}

/** Every path whose state on the machine decides something about the deployment. */
export function pathsToAsk(
  { hostFiles, bindSources, hookPrograms: programs, tmpfiles }: Rendered,
  name: string,
): readonly string[] {
  const paths = [
    ...hostFiles.map(({ path }) => path),
    ...[...bindSources, ...programs],
    ...directoriesMadeBy(tmpfiles ?? ''),
    ...[unitPath(name), tmpfilesPath(name), ...packagedUnitPaths(name)],
  ];
  return [...new Set(paths.flatMap((path) => [path, ...parentsOf(path)]))];
}
