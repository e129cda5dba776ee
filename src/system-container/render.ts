import { KbootError } from '../lib/errors.ts';
import { bindSources, defaultConfig, limitCapabilities, parseConfig } from './config-json.ts';
import { expandRenames, type HostFile, hostFiles } from './host-files.ts';
import type { ExportFile, SystemImage } from './image.ts';
import { deploymentPath, parentsOf, type Slot, tmpfilesPath, unitPath } from './paths.ts';
import { formerPlaces, writablePlaces } from './read-only-usr.ts';
import { expand, type Values, variablesOf } from './template.ts';
import { directoriesMadeBy } from './tmpfiles.ts';
import { BUILT_IN_UNIT, type RuntimeFeatures } from './unit.ts';
import { computeValues } from './variables.ts';

export interface RenderInputs {
  readonly image: SystemImage;
  readonly name: string;
  readonly root: string;
  readonly slot: Slot;
  readonly userValues: Readonly<Record<string, string>>;
  readonly uuid: string;
  readonly capabilities: readonly string[];
  readonly runtime: string;
  readonly features: RuntimeFeatures;
  /** Directories that the machine says are read-only; see MAY_BE_READ_ONLY. */
  readonly readOnly: readonly string[];
  /** What `RUNTIME spec --rootless` printed; for images without a configuration. */
  readonly spec: string | undefined;
}

/** A deployment's texts, as far as they do not depend on what else is on the machine. */
export interface Rendered {
  readonly values: Values;
  readonly config: string;
  readonly bindSources: readonly string[];
  /** undefined: the image has no service. */
  readonly unit: string | undefined;
  /** undefined: lines are made for bind sources that are missing. */
  readonly tmpfiles: string | undefined;
  readonly renames: Readonly<Record<string, string>>;
  readonly hostFiles: readonly HostFile[];
  readonly warnings: readonly string[];
}

/** Expands and checks all that an image brings, before anything is changed. Throws IMAGE_INVALID or REFUSED. */
export function render(inputs: RenderInputs): Rendered {
  const { image, name, root, slot, userValues } = inputs;
  const destination = deploymentPath(root, name, slot);
  const unitTemplate = image.files['service.template'] ?? BUILT_IN_UNIT;
  const { defaultValues: defaults, noContainerService } = image.manifest;
  const values = computeValues({ ...inputs, destination, user: userValues, defaults, unitTemplate });
  const template = (file: ExportFile) => `${destination}/rootfs/exports/${file}`;

  const configPath = `${destination}/config.json`;
  const { text: config, warnings } = limitCapabilities(
    configText(inputs, values, template('config.json.template')),
    configPath,
    inputs.capabilities,
  );
  const tmpfiles = image.files['tmpfiles.template'];
  if (!noContainerService) refuseLineBreaks(unitTemplate, userValues);
  if (tmpfiles !== undefined) refuseLineBreaks(tmpfiles, userValues);
  const wished = expandRenames(image, values);
  const moves = writablePlaces(image, wished, inputs.readOnly);
  const renames = { ...wished, ...moves };
  const files = hostFiles(image, renames, values);
  checkUnits(image, files);
  return {
    values,
    config,
    bindSources: bindSources(parseConfig(config, configPath)),
    unit: noContainerService ? undefined : expand(unitTemplate, values, template('service.template')),
    tmpfiles: tmpfiles === undefined ? undefined : expand(tmpfiles, values, template('tmpfiles.template')),
    renames,
    hostFiles: files,
    warnings: [
      ...(image.hasExports ? [] : withoutExports(destination)),
      ...warnings,
      ...formerPlaces(image, moves),
    ],
  };
}

function configText({ image, spec }: RenderInputs, values: Values, path: string): string {
  const plain = image.files['config.json'];
  if (plain !== undefined) return plain;
  const template = image.files['config.json.template'];
  return template === undefined ? defaultConfig(spec) : expand(template, values, path);
}

/** A line break in a user's value could add directives to a unit. */
function refuseLineBreaks(template: string, userValues: Readonly<Record<string, string>>): void {
  for (const name of variablesOf(template)) {
    if (Object.hasOwn(userValues, name) && /[\n\r]/.test(userValues[name] ?? '')) {
      throw new KbootError('REFUSED', `the value of ${name} has a line break: it cannot go into a unit`);
    }
  }
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
export function pathsToAsk({ hostFiles, bindSources, tmpfiles }: Rendered, name: string): readonly string[] {
  const paths = [
    ...hostFiles.map(({ path }) => path),
    ...bindSources,
    ...directoriesMadeBy(tmpfiles ?? ''),
    ...[unitPath(name), tmpfilesPath(name)],
  ];
  return [...new Set(paths.flatMap((path) => [path, ...parentsOf(path)]))];
}
