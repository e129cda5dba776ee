import { programDirectory } from '../host-file/read-only-usr.ts';
import { asText, type Scalar, type Values } from '../image/template.ts';
import { allProcessCapabilities } from '../machine/capabilities.ts';
import { execCommands, type RuntimeFeatures } from './unit.ts';

export interface ValueInputs {
  readonly name: string;
  /** Folder of the deployment. */
  readonly destination: string;
  readonly image: { readonly name: string; readonly id: string };
  /** What the user set. */
  readonly user: Readonly<Record<string, string>>;
  /** `defaultValues` of the manifest. */
  readonly defaults: Readonly<Record<string, Scalar>>;
  readonly uuid: string;
  /** What the machine can give. */
  readonly capabilities: readonly string[];
  readonly runtime: string;
  readonly features: RuntimeFeatures;
  readonly readOnly: readonly string[];
  /** Text of the unit's template: it decides how the container is run. */
  readonly unitTemplate: string;
}

/** What an image's name may begin with: where it came from. */
const TRANSPORT = /^(?:oci|docker|oci-archive|docker-archive|https?):(?:\/\/)?/;

/**
 * All variables of one deployment. What the engine itself must know wins over everything; then what the user
 * set; then the manifest's defaults; then the engine's own.
 */
export function computeValues(inputs: ValueInputs): Values {
  const values = new Map<string, Scalar>([
    ['RUN_DIRECTORY', '/run'],
    ['CONF_DIRECTORY', '/etc'],
    ['STATE_DIRECTORY', '/var/lib'],
    ['UUID', inputs.uuid],
    ['ALL_PROCESS_CAPABILITIES', allProcessCapabilities(inputs.capabilities)],
    ['RUNTIME', inputs.runtime],
    ['ATOMIC', '/usr/bin/atomic'],
    ...Object.entries(inputs.defaults),
    // An image's own default only counts where programs can be put there.
    ['BIN_DIRECTORY', programDirectory(inputs.readOnly, binOf(inputs.defaults))],
    ...Object.entries(inputs.user),
  ]);
  const pidFile =
    values.get('PIDFILE') ?? `${asText(values.get('RUN_DIRECTORY') ?? '')}/container-${inputs.name}.pid`;
  const forced: [string, Scalar][] = [
    ['PIDFILE', pidFile],
    ['NAME', inputs.name],
    ['DESTDIR', inputs.destination],
    ['HOST_UID', 0],
    ['HOST_GID', 0],
    ['IMAGE_NAME', inputs.image.name.replace(TRANSPORT, '')],
    ['IMAGE_ID', inputs.image.id],
    ...Object.entries(execCommands({ ...inputs, pidFile: asText(pidFile) })),
  ];
  for (const [name, value] of forced) values.set(name, value);
  return values;
}

const binOf = ({ BIN_DIRECTORY }: ValueInputs['defaults']): string | undefined =>
  BIN_DIRECTORY === undefined ? undefined : asText(BIN_DIRECTORY);
