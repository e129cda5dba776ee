import { type Info, parseInfo } from '../deployment/info.ts';
import { removalList, switchLines } from '../host-file/tracked-file.ts';
import { DEFAULT_HEALTH_TIMEOUT_S } from '../image/manifest.ts';
import type { Files } from '../machine/archive.ts';
import type { Settled } from './decide.ts';

/** What a switch has to know of a deployment; nothing of it for none. */
export type Side = Pick<
  Info,
  'host-files' | 'state-directories' | 'units' | 'health-check' | 'health-timeout'
>;

export const NO_SIDE: Side = {
  'host-files': [],
  'state-directories': [],
  units: [],
  'health-check': [],
  'health-timeout': DEFAULT_HEALTH_TIMEOUT_S,
};

/** A deployment that was just decided, as a switch sees it. */
export const sideOf = ({ info }: Pick<Settled, 'info'>): Side => parseInfo(info) ?? NO_SIDE;

/** How long a container without a health check must stay up to count as healthy, in nanoseconds. */
const CALM_NS = { new: 2_000_000_000, known: 1_000_000_000 } as const;

/** What the operator may say instead of the image. */
export interface HealthLimit {
  /** Seconds that the service may take until it is healthy, instead of what its image says. */
  readonly healthTimeoutS?: number | undefined;
}

/** How a service is started or switched. */
export interface SwitchOptions extends HealthLimit {
  readonly signal?: AbortSignal | undefined;
}

export interface SwitchInputs extends HealthLimit {
  readonly from: Side;
  readonly to: Side;
  /** Folders of the two deployments. */
  readonly fromDir: string;
  readonly toDir: string;
  /** Names of units that an install enables; updates leave that as it is. */
  readonly enable: readonly string[];
  /** It ran before: a rollback, or going back. */
  readonly known?: boolean;
}

/** What a switch works from: the way there and the way back. */
export function switchFiles(inputs: SwitchInputs): Files {
  const { fromDir, toDir, enable, known = false, healthTimeoutS } = inputs;
  const [from, to] = [limited(inputs.from, healthTimeoutS), limited(inputs.to, healthTimeoutS)];
  const created = [...to['host-files'], ...to['state-directories'].map((path) => ({ path, checksum: '0' }))];
  const forward = oneWay(from, to, toDir, enable, known ? CALM_NS.known : CALM_NS.new);
  const backward = oneWay(to, from, fromDir, [], CALM_NS.known);
  return new Map([
    ['created', removalList(created)],
    ...[...forward].map(([name, text]) => [`forward/${name}`, text] as const),
    ...[...backward].map(([name, text]) => [`backward/${name}`, text] as const),
  ]);
}

/** Seconds that a switch may wait for health in all: there, and back when it does not come up. */
export const healthSeconds = (files: Files): number =>
  ['forward', 'backward'].reduce((sum, way) => sum + Number(files.get(`${way}/timeout`) ?? 0), 0);

/** What a mere start works from: the health check of a deployment that is active. */
export const startFiles = (side: Side, healthTimeoutS: number | undefined): Files =>
  oneWay(NO_SIDE, { ...NO_SIDE, ...healthOf(limited(side, healthTimeoutS)) }, '', [], CALM_NS.new);

const limited = (side: Side, seconds: number | undefined): Side =>
  seconds === undefined ? side : { ...side, 'health-timeout': seconds };

const healthOf = (side: Side) => ({
  'health-check': side['health-check'],
  'health-timeout': side['health-timeout'],
});

function oneWay(from: Side, to: Side, toDir: string, enable: readonly string[], calm: number): Files {
  const lines = (words: readonly string[]) => words.map((word) => `${word}\n`).join('');
  const starts = to.units.filter((path) => !from.units.includes(path));
  const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);
  return new Map([
    ['files', switchLines(from['host-files'], to['host-files'], toDir)],
    ['units', lines(to.units)],
    ['start', lines(starts)],
    ['restart', lines(to.units.filter((path) => from.units.includes(path)))],
    ['stop', lines(from.units.filter((path) => !to.units.includes(path)))],
    ['enable', lines([...new Set([...enable, ...starts.map(nameOf)])])],
    ['health', to['health-check'].map((word) => `${word}\0`).join('')],
    ['timeout', `${to['health-timeout']}\n`],
    ['calm', `${calm}\n`],
  ]);
}
