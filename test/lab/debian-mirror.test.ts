import { expect, test } from 'vitest';
import { chooseMirror } from '../../src/lab/debian-mirror.ts';

test.each([
  [
    'the release itself',
    [
      'bookworm-security|main|Debian|http://mirror.example/debian-security/',
      'bookworm-updates|main|Debian|http://mirror.example/debian/',
      'bookworm|contrib|Debian|http://contrib.example/debian/',
      'bookworm|main|Debian|http://mirror.example/debian/',
    ],
    'http://mirror.example/debian',
  ],
  [
    'the release before its lists were fetched',
    ['bookworm|main||https://m.example/d'],
    'https://m.example/d',
  ],
  [
    'another Debian release, but not its security updates',
    [
      'trixie-security|main|Debian|http://mirror.example/debian-security/',
      'trixie|main|Debian|http://mirror.example/debian/',
    ],
    'http://mirror.example/debian',
  ],
  ['another distribution', ['noble|main|Ubuntu|http://ubuntu.example/ubuntu/'], undefined],
  ['a folder or a disc', ['bookworm|main|Debian|file:/srv/debian/'], undefined],
  ['nothing', [''], undefined],
])('%s', (_title, lines, mirror) => {
  expect(chooseMirror(lines.join('\n'), 'bookworm')).toBe(mirror);
});
