import { expect, test } from 'vitest';
import { parseManifest } from '../../../src/system-container/image/manifest.ts';

const DEFAULTS = {
  defaultValues: {},
  renameFiles: {},
  installedFilesTemplate: [],
  noContainerService: false,
  useLinks: true,
  units: [],
  healthCheck: [],
  healthTimeout: 60,
};

test.each<[string, string | undefined, object]>([
  ['no manifest', undefined, {}],
  ['an empty object', '{}', {}],
  ['unknown keys', '{"version": "1.0", "installedFiles": 1}', {}],
  [
    'any scalar as a default',
    '{"defaultValues": {"A": 1, "B": true, "C": null, "D": "x"}}',
    { defaultValues: { A: 1, B: true, C: null, D: 'x' } },
  ],
  ['units', '{"units": ["containerd.service"]}', { units: ['containerd.service'] }],
  [
    'a health check',
    '{"healthCheck": ["sh", "-c", "true"], "healthTimeout": 5}',
    { healthCheck: ['sh', '-c', 'true'], healthTimeout: 5 },
  ],
  [
    'all switches',
    '{"noContainerService": true, "useLinks": false}',
    { noContainerService: true, useLinks: false },
  ],
])('%s', (_title, text, expected) => {
  expect(parseManifest(text, 'example/etcd')).toEqual({ ...DEFAULTS, ...expected });
});

test.each([
  'not json',
  '[]',
  '"text"',
  'null',
  '{"defaultValues": {"A": {}}}',
  '{"defaultValues": []}',
  '{"renameFiles": {"/a": 1}}',
  '{"installedFilesTemplate": "/a"}',
  '{"noContainerService": "yes"}',
  '{"units": ["../x.service"]}',
  '{"units": ["a b.service"]}',
  '{"units": ["plain"]}',
  '{"healthCheck": "true"}',
  '{"healthCheck": ["a\\nb"]}',
  '{"healthTimeout": 0}',
])('%s is refused', (text) => {
  expect(() => parseManifest(text, 'example/etcd')).toThrow(
    'Invalid manifest.json file in image: example/etcd.',
  );
});
