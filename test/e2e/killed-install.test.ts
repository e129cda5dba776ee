import { expect, test } from 'vitest';
import { listSystemContainers, uninstallSystemContainer } from '../../src/system-container/index.ts';
import { compileTestProgram, useContainerLab } from '../helpers/container-lab.ts';
import { kbtestLayers } from '../helpers/kbtest-layers.ts';
import { describeE2e } from '../helpers/require-e2e.ts';
import { makeImage } from '../system-container/make-image.ts';

describeE2e('a system container whose install is killed', () => {
  const lab = useContainerLab();
  const { sh, snapshot, send, install } = lab;

  test('at any moment can be installed again, and leaves nothing', async () => {
    const layers = await kbtestLayers(await compileTestProgram(lab.own.folder));
    await send(layers);
    const before = await snapshot();
    const image = await makeImage('example/kbtest:v1', layers);
    let killed = 0;
    for (const delay of [0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3]) {
      const [result] = await Promise.allSettled([install(image, 'kbtest'), lab.killNext(delay)]);
      const [found] = await listSystemContainers(lab.host);
      if (result.status === 'rejected') killed++;
      else expect(found).toMatchObject({ name: 'kbtest', broken: undefined });
      expect(await install(image, 'kbtest')).toMatchObject({
        status: expect.stringMatching('installed|unchanged'),
      });
      expect(
        await sh('cat /etc/kbtest/settings; systemctl is-enabled kbtest; ls -A /var/lib/containers/atomic'),
      ).toBe('greeting=hello\nenabled\n.created-directories\n.storage\nkbtest\nkbtest.0\n');
      expect(await uninstallSystemContainer(lab.host, 'kbtest')).toMatchObject({
        kept: [],
        occupied: [],
        stateDirectories: [],
      });
      expect(await snapshot()).toBe(before);
    }
    expect(killed).toBeGreaterThan(0);
  });
});
