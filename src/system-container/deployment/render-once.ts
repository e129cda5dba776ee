import type { SystemImage } from '../image/image.ts';
import { forMachine } from '../runtime-spec/config-json.ts';
import type { SpecFacts } from '../runtime-spec/facts.ts';
import { deploymentTexts } from './render.ts';
import { USUAL_FEATURES } from './unit.ts';

interface OnceInputs {
  readonly image: SystemImage;
  readonly name: string;
  readonly values?: Readonly<Record<string, string>>;
  readonly runtime: string;
  readonly capabilities: readonly string[];
  readonly readOnly?: readonly string[];
  /** What its runtime can do with a configuration. */
  readonly facts?: SpecFacts;
  /** The folder that the runtime gets as its bundle. */
  readonly destination: string;
}

/** What is needed to run an image once: always in the foreground, and without the checks of an install. */
export function renderOnce(inputs: OnceInputs): {
  readonly config: string;
  readonly tmpfiles: string | undefined;
  readonly command: string;
  readonly warnings: readonly string[];
} {
  const { values, config, tmpfiles } = deploymentTexts({
    ...{ ...inputs, userValues: inputs.values ?? {}, uuid: '', spec: undefined },
    readOnly: inputs.readOnly ?? [],
    features: { ...USUAL_FEATURES, pidFile: false },
  });
  const path = `${inputs.destination}/config.json`;
  const { capabilities, facts = {} } = inputs;
  const translated = forMachine(config, path, {
    capabilities,
    facts: { ...facts, systemdCgroup: USUAL_FEATURES.systemdCgroup },
  });
  return {
    config: translated.text,
    tmpfiles: tmpfiles === '' ? undefined : tmpfiles,
    command: String(values.get('EXEC_START') ?? ''),
    warnings: translated.warnings,
  };
}
