import { expect, test } from 'vitest';
import { directoriesMadeBy, generatedTmpfiles } from '../../../src/system-container/deployment/tmpfiles.ts';

test.each<[readonly string[], string]>([
  [[], ''],
  [['/var/lib/etcd'], 'd    /var/lib/etcd   0700 0 0 - -\n'],
  [['/a', '/b'], 'd    /a   0700 0 0 - -\nd    /b   0700 0 0 - -\n'],
  [['/100%'], 'd    /100%%   0700 0 0 - -\n'],
  [['/with blank'], 'd    "/with blank"   0700 0 0 - -\n'],
])('a line per missing bind source: %j', (missing, expected) => {
  expect(generatedTmpfiles(missing)).toBe(expected);
});

test.each<[string, readonly string[]]>([
  ['d /var/lib/etcd 0700 0 0 - -', ['/var/lib/etcd']],
  ['  D!  /run/x/ 0700', ['/run/x']],
  ['v /a\nq /b\nQ /c\nd /a', ['/a', '/b', '/c']],
  ['Z /var/lib/etcd - 0 0', []],
  ['f /etc/x', []],
  ['# d /etc/x', []],
  ['d %t/x', []],
  ['d /a%%b', ['/a%b']],
  ['', []],
])('directories that %j makes', (text, expected) => {
  expect(directoriesMadeBy(text)).toEqual(expected);
});
