import type { Host } from '../../host/host.ts';
import { KbootError } from '../../lib/errors.ts';
import type { DeploymentSpec } from '../deployment/deployment-spec.ts';
import type { Info } from '../deployment/info.ts';
import { type Answers, probe } from '../deployment/probe.ts';
import { pathsToAsk, type Rendered, type RenderInputs, render } from '../deployment/render.ts';
import { type RuntimeFeatures, USUAL_FEATURES } from '../deployment/unit.ts';
import type { SystemImage } from '../image/image.ts';
import { CHECKOUT_ROOT } from '../machine/paths.ts';
import { recoverSwitch } from './apply.ts';
import { type Leftovers, type Settled, settle } from './decide.ts';
import { layerName } from './layer-store.ts';

/** What a machine answered to the questions that a deployment raises. */
export interface Asked {
  readonly answers: Answers;
  readonly rendered: Rendered;
}

/**
 * Asks a machine all that decides about a deployment, once where possible. A switch of the container that was cut
 * off is ended before. `previous` is what the deployment replaces. Throws IMAGE_INVALID, REFUSED and, for an image
 * with a service, MISSING_REQUIREMENT without a runtime.
 */
export async function askMachine(
  host: Host,
  spec: DeploymentSpec,
  previous: Info | undefined,
  signal: AbortSignal | undefined,
): Promise<Asked> {
  const { image, name, runtime, remote } = spec;
  const common: Omit<RenderInputs, 'features' | 'facts' | 'spec'> = {
    ...spec,
    root: CHECKOUT_ROOT,
    remoteRootfs: remote?.rootfs,
  };
  const ask = (rendered: Rendered) =>
    probe(
      host,
      {
        ...{ root: CHECKOUT_ROOT, runtime, units: image.manifest.units, paths: pathsToAsk(rendered, name) },
        wantsSpec: !image.files['config.json'] && !image.files['config.json.template'],
        files: trackedFiles(previous),
      },
      signal,
    );
  // A guess, to learn which paths to ask for.
  const guess = render({ ...common, features: USUAL_FEATURES, spec: undefined });
  let answers = await ask(guess);
  if (answers.deployments.interrupted.has(name)) {
    await recoverSwitch(host, CHECKOUT_ROOT, name, signal);
    answers = await ask(guess);
  }
  const absent = new Set([...answers.states].flatMap(([path, state]) => (state === 'absent' ? [path] : [])));
  const rendered = render({
    ...{ ...common, features: featuresOf(answers, image, runtime), spec: answers.spec },
    facts: { ...answers.facts, absent },
  });
  if (pathsToAsk(rendered, name).some((path) => !answers.states.has(path))) answers = await ask(rendered);
  return { answers, rendered };
}

/** Decides the deployment from what was answered. Throws REFUSED. */
export function settleAsked(
  spec: DeploymentSpec,
  { answers, rendered }: Asked,
  replaced: {
    readonly previous?: Info;
    readonly leftovers?: Leftovers | undefined;
    readonly created: number;
  },
): Settled {
  const { previous } = replaced;
  const modified = (previous?.['host-files'] ?? []).filter(({ path, checksum, kind }) => {
    const now = answers.checksums.get(path) ?? '-';
    return kind !== 'directory' && now !== '-' && now !== checksum;
  });
  return settle({
    ...{ ...spec, ...replaced, rendered, states: answers.states },
    layers: spec.remote ? [] : spec.image.steps.map(layerName),
    modified: new Set(modified.map(({ path }) => path)),
  });
}

function trackedFiles(previous: Info | undefined): readonly string[] {
  const files = previous?.['host-files'] ?? [];
  return files.filter(({ kind }) => kind !== 'directory').map(({ path }) => path);
}

/** An image without a service may bring the very runtime that others need. */
function featuresOf(answers: Answers, image: SystemImage, path: string): RuntimeFeatures {
  if (answers.runtime) return answers.runtime;
  if (image.manifest.noContainerService) return { systemdCgroup: false, pidFile: false };
  throw new KbootError(
    'MISSING_REQUIREMENT',
    `Cannot install the container: the runtime ${path} is not installed`,
    { hint: 'install node-runtime first (kboot containers install node-runtime), or name another runtime' },
  );
}
