import { KbootError } from '../../lib/errors.ts';
import { escapeLine } from '../../lib/escape.ts';
import type { ListedContainer } from '../../system-container/deployment/list.ts';
import { isInFile } from '../../system-container/machine/names.ts';
import { ContainerList, timeOf } from '../json/documents.ts';
import { jsonDocument } from '../json/json.ts';

/** A container, or what is left of one, and the machine it is on. */
export interface ContainerRow {
  readonly host: string;
  readonly container: ListedContainer;
}

export interface Filter {
  readonly key: FilterKey;
  /** In lower case; part of the text that it looks at. */
  readonly value: string;
}

export interface ListOptions {
  /** Also what does not run. */
  readonly all?: boolean;
  /** All of them have to fit. */
  readonly filters?: readonly Filter[];
  readonly json?: boolean;
  readonly heading?: boolean;
  readonly truncate?: boolean;
  /** Ids only. */
  readonly quiet?: boolean;
  /** For the dates; the operator's own when absent. */
  readonly timeZone?: string;
}

/** A row as the list shows it, nothing cut. */
interface Shown {
  readonly container: string;
  readonly image: string;
  readonly command: string;
  /** `YYYY-MM-DD HH:MM:SS`; empty when unknown. */
  readonly created: string;
  readonly state: string;
  readonly runtime: string;
  readonly backend: string;
}

const FILTER_KEYS = ['container', 'image', 'command', 'created', 'state', 'runtime', 'backend'] as const;
type FilterKey = (typeof FILTER_KEYS)[number];

/** Who keeps the files of a deployment; the original had its own here. */
const BACKEND = 'kboot';

/** The columns of the original, with their widths; those that `--no-trunc` widens have no limit then. */
const COLUMNS = [
  { heading: 'CONTAINER ID', key: 'container', width: 12, widens: true },
  { heading: 'IMAGE', key: 'image', width: 20, widens: true },
  { heading: 'COMMAND', key: 'command', width: 10, widens: true },
  { heading: 'CREATED', key: 'created', width: 16, widens: false },
  { heading: 'STATE', key: 'state', width: 10, widens: false },
  { heading: 'RUNTIME', key: 'runtime', width: 10, widens: false },
] as const;

/** The original keeps room for a mark before the first column. */
const MARK = '  ';

/** Reads `VAR=VALUE` texts. Throws USAGE. */
export function parseFilters(texts: readonly string[]): readonly Filter[] {
  return texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 0) throw new KbootError('USAGE', `Invalid value '${text}'.  Expected form NAME=VALUE`);
    const name = text.slice(0, at);
    const key = FILTER_KEYS.find((known) => known === name);
    if (key === undefined) {
      const known = FILTER_KEYS.map((each) => `'${each}'`).join(', ');
      throw new KbootError('USAGE', `The filter ${name} is not valid.  Please choose from [${known}]`);
    }
    return { key, value: text.slice(at + 1).toLowerCase() };
  });
}

/** What `kboot containers list` prints: nothing at all when there is nothing to show. */
export function renderContainers(rows: readonly ContainerRow[], options: ListOptions = {}): string {
  const { all = false, filters = [], json = false, quiet = false } = options;
  const chosen = rows
    .map((row) => ({ row, shown: shownOf(row.container, options.timeZone) }))
    .filter(({ shown }) => all || shown.state !== 'inactive')
    .filter(({ shown }) => filters.every(({ key, value }) => shown[key].toLowerCase().includes(value)));
  if (quiet) return chosen.map(({ shown }) => `${escapeLine(shown.container)}\n`).join('');
  if (json) return jsonDocument(ContainerList, chosen.map(objectOf));
  return chosen.length === 0 ? '' : tableOf(chosen, options);
}

interface Chosen {
  readonly row: ContainerRow;
  readonly shown: Shown;
}

function shownOf(container: ListedContainer, timeZone: string | undefined): Shown {
  return {
    container: container.name,
    image: imageText(container),
    command: container.command,
    created: container.created === 0 ? '' : dateText(container.created, timeZone),
    state: container.broken === undefined ? container.state : 'broken',
    runtime: container.runtime,
    backend: BACKEND,
  };
}

function tableOf(chosen: readonly Chosen[], { heading = true, truncate = true }: ListOptions): string {
  const columns = COLUMNS.map(({ heading: title, key, width, widens }) => {
    const cells = chosen.map(({ shown }) => escapeLine(shown[key]));
    const wide = truncate || !widens ? width : Math.max(width, ...cells.map((cell) => cell.length));
    return [title, ...cells].map((cell) => cell.slice(0, wide).padEnd(wide));
  });
  const hosts = ['HOST', ...chosen.map(({ row }) => escapeLine(row.host))];
  const hostWidth = Math.max(...hosts.map((host) => host.length));
  const deployments = ['DEPLOYMENT', ...chosen.map(({ row }) => escapeLine(row.container.deployment))];
  const all = [...columns, hosts.map((host) => host.padEnd(hostWidth)), deployments];
  const lines = deployments.map((_, line) =>
    [MARK, ...all.map((column) => column[line])].join(' ').trimEnd(),
  );
  return lines
    .slice(heading ? 0 : 1)
    .map((line) => `${line}\n`)
    .join('');
}

function objectOf({ row: { host, container }, shown }: Chosen) {
  return {
    ...{ host, name: container.name, deployment: container.deployment },
    ...{ image: shown.image, imageId: container.revision, command: shown.command },
    ...{ created: timeOf(container.created), state: shown.state, broken: container.broken ?? null },
    runtime: shown.runtime,
  };
}

/**
 * `registry/repo/image:tag`, without a registry `image:tag`. An image in a file has the name that it gives itself; a
 * file's name stays as it is.
 */
function imageText({ image: given, title }: Pick<ListedContainer, 'image' | 'title'>): string {
  const name = title !== undefined && isInFile(given) ? title : given;
  if (name === '' || /^(?:oci|oci-archive|docker-archive):/.test(name)) return name;
  const bare = name.replace(/^docker:\/\//, '');
  const [first = '', ...rest] = bare.split('/');
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const image = bare.slice(bare.lastIndexOf('/') + 1);
  const tag = /[:@]/.test(image) ? '' : ':latest';
  return `${hasRegistry ? bare : image}${tag}`;
}

function dateText(seconds: number, timeZone: string | undefined): string {
  const two = '2-digit';
  const format = new Intl.DateTimeFormat('en', {
    ...{ year: 'numeric', month: two, day: two, hour: two, minute: two, second: two, hourCycle: 'h23' },
    ...(timeZone !== undefined && { timeZone }),
  } as const);
  const parts = new Map(
    format.formatToParts(new Date(seconds * 1000)).map(({ type, value }) => [type, value]),
  );
  const [year, month, day] = [parts.get('year'), parts.get('month'), parts.get('day')];
  return `${year}-${month}-${day} ${parts.get('hour')}:${parts.get('minute')}:${parts.get('second')}`;
}
