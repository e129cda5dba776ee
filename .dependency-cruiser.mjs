/** The rooms of src, each with those that it may import from. `bin.ts` stands above all of them. */
const BASE = ['lib', 'config', 'host', 'cluster'];
const PARTS = ['facts', 'system-container', 'bundle', 'kubeadm', 'etcd', 'flannel'];
const ROOMS = {
  lib: [],
  config: ['lib'],
  host: ['lib'],
  cluster: ['lib', 'config'],
  lab: ['lib', 'config', 'host'],
  ...Object.fromEntries(PARTS.map((part) => [part, [...BASE, ...PARTS]])),
  session: [...BASE, ...PARTS],
  phases: [...BASE, ...PARTS, 'session'],
  plan: [...BASE, ...PARTS, 'session', 'phases'],
  cli: [...BASE, ...PARTS, 'session', 'phases', 'plan', 'lab'],
};

/** Where each package with side effects may be imported; everywhere else a Host or Io is at hand. */
const PACKAGES = {
  '(node-ssh|ssh2)': ['src/host/ssh/'],
  ora: ['src/cli/report/'],
  '(execa|node:child_process)': [
    'src/host/local[.]ts$',
    'src/host/ssh/openssh[.]ts$',
    'src/bundle/build/',
    'src/lab/',
  ],
  'node:process': ['src/bin[.]ts$'],
};

export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Modules that import each other cannot be read or tested one by one.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-circle-of-folders',
      comment: 'Folders that import each other are one folder.',
      severity: 'error',
      scope: 'folder',
      from: {},
      to: { circular: true },
    },
    ...Object.entries(ROOMS).map(([room, below]) => ({
      name: `order-of-${room}`,
      comment: `src/${room} imports only from ${['itself', ...below].join(', ')}.`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^src/(${[room, ...below].join('|')})/` },
    })),
    ...Object.entries(PACKAGES).map(([name, places]) => ({
      name: `place-of-${name.replace(/\W+/g, '-').replace(/^-|-$/g, '')}`,
      comment: `${name} belongs into ${places.join(', ')} only.`,
      severity: 'error',
      from: { path: '^src/', pathNot: `^(${places.join('|')})` },
      to: { path: `(^|node_modules/)${name.replace('node:', '(node:)?')}($|/)` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Types count: a room that needs another's types stands above it.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.js'] },
  },
};
