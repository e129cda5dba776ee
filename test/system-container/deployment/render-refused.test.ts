import { describe, expect, test } from 'vitest';
import { type RenderInputs, render } from '../../../src/system-container/deployment/render.ts';
import { file, link, type Member, makeImage, makeLayer } from '../make-image.ts';
import { inputs } from '../rendering.ts';

describe('what is refused before anything is changed', () => {
  const renderOf = async (members: Member[], changes: Partial<RenderInputs> = {}) =>
    render(inputs(await makeImage('example/test', [await makeLayer(members)]), changes));
  const DEPLOYMENT = '/var/lib/containers/atomic/test.0';

  test.each<[string, Member[], string]>([
    [
      'a missing value',
      [file('exports/config.json.template', '{"a": "$MISSING"}')],
      `The template file '${DEPLOYMENT}/rootfs/exports/config.json.template' still contains an unreplaced value for: ''MISSING''`,
    ],
    [
      'a missing value in the unit',
      [file('exports/config.json', '{}'), file('exports/service.template', '$MISSING')],
      `'${DEPLOYMENT}/rootfs/exports/service.template'`,
    ],
    [
      'a missing value in tmpfiles',
      [file('exports/config.json', '{}'), file('exports/tmpfiles.template', '$MISSING')],
      `'${DEPLOYMENT}/rootfs/exports/tmpfiles.template'`,
    ],
    [
      'broken JSON',
      [file('exports/config.json.template', '{')],
      `Invalid json in configuration file: ${DEPLOYMENT}/config.json.`,
    ],
    [
      'a writable root',
      [file('exports/config.json', '{"root": {"path": "rootfs"}}')],
      'Only readonly images are supported',
    ],
    [
      'a unit that is not there',
      [file('exports/manifest.json', '{"units": ["x.service"]}')],
      'names the unit x.service',
    ],
    [
      'a template too big',
      [file('exports/service.template', 'x'.repeat(300_000))],
      'is not a plain text file of at most 256 KiB',
    ],
    [
      'a template that is a link',
      [link('exports/service.template', '/etc/passwd')],
      'is not a plain text file',
    ],
  ])('%s', async (_title, members, message) => {
    await expect(renderOf(members)).rejects.toThrow(message);
  });

  test('a line break that would reach the unit', async () => {
    const members = [
      file('exports/config.json', '{}'),
      file('exports/service.template', '[Unit]\nDescription=$TEXT\n'),
    ];
    await expect(renderOf(members, { userValues: { TEXT: 'x\nExecStart=/bin/evil' } })).rejects.toThrow(
      'the value of TEXT has a line break',
    );
    expect((await renderOf(members, { userValues: { TEXT: 'x', OTHER: 'a\nb' } })).unit).toContain(
      'Description=x\n',
    );
  });

  test('a line break that would reach the unit through a value that is worked out', async () => {
    const members = [
      file('exports/config.json', '{}'),
      file('exports/service.template', '[Service]\nPIDFile=$PIDFILE\n'),
    ];
    const userValues = { RUN_DIRECTORY: '/run\nExecStartPre=/bin/evil' };
    await expect(renderOf(members, { userValues })).rejects.toThrow(
      'the value of RUN_DIRECTORY has a line break',
    );
  });
});
