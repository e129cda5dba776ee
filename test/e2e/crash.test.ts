import { env } from 'node:process';
import { beforeAll, expect, test } from 'vitest';
import {
  findDeployments,
  listSystemContainers,
  pruneSystemContainers,
  rollbackSystemContainer,
  type SystemImage,
  startSystemContainer,
  uninstallSystemContainer,
} from '../../src/system-container/index.ts';
import { compileTestProgram, PROGRAM_CONFIG, STORE, useContainerLab } from '../helpers/container-lab.ts';
import { randomNumbers } from '../helpers/random.ts';
import { describeE2e } from '../helpers/require-e2e.ts';
import { directory, file, makeImage, makeLayer } from '../system-container/make-image.ts';

const random = randomNumbers();

const ROOT = '/var/lib/containers/atomic';

/** Kills in a CI run; all hundred of them where KBOOT_E2E_ALL is set. */
const KILLS = env['KBOOT_E2E_ALL'] === '1' ? 100 : 8;

describeE2e('a crash at any moment', () => {
  const lab = useContainerLab();
  const { sh, send, install, update } = lab;
  let images: readonly SystemImage[] = [];

  beforeAll(async () => {
    const base = await makeLayer([
      directory('./'),
      directory('bin/'),
      file('bin/program', await compileTestProgram(lab.own.folder), 0o755),
      directory('proc/'),
      directory('state/'),
    ]);
    images = await Promise.all(
      ['one', 'two', 'three'].map(async (version) => {
        // Many files, so that unpacking and linking take long enough to be hit.
        const many = Array.from({ length: 1500 }, (_, at) =>
          file(`data/${at % 40}/${at}`, `${version} ${at}`),
        );
        const own = await makeLayer([
          ...many,
          file('exports/hostfs/etc/kbcrash/$NAME', version),
          file('exports/hostfs/etc/kbcrash/settings', `version=${version}\n`),
          file('exports/config.json.template', JSON.stringify(PROGRAM_CONFIG)),
          file(
            'exports/manifest.json',
            JSON.stringify({
              defaultValues: { GREETING: version },
              renameFiles: {
                '/etc/kbcrash/settings': '/etc/kbcrash/${NAME}.conf',
                '/etc/kbcrash/$NAME': '/etc/kbcrash/${NAME}.version',
              },
            }),
          ),
        ]);
        await send([base, own]);
        return makeImage(`example/crash:${version}`, [base, own]);
      }),
    );
    for (const name of ['steady', 'changing']) {
      await install(images[0] as SystemImage, name);
      await startSystemContainer(lab.host, name);
    }
    await update(images[1] as SystemImage, 'changing');
  });

  /** Everything that is in use, whole: what no crash may touch. */
  const inUse = () =>
    sh(`systemctl show -p MainPID,ActiveState steady
      readlink ${ROOT}/steady; cat /etc/kbcrash/steady.conf
      cd ${ROOT}/steady/rootfs && find . -type f | sort | xargs sha256sum | sha256sum`);

  /** The layers that deployments are made of, by digest and content; a layer that is there has all of its files. */
  async function checkLayers(): Promise<void> {
    const { folders, layers } = await findDeployments(lab.host);
    for (const { info } of folders.values())
      for (const layer of info?.layers ?? []) expect(layers).toContain(layer);
    const counts = await sh(
      `for layer in ${STORE}/*; do find "$layer" -type f | wc -l; done | sort -n | uniq`,
    );
    expect(['1', '1504', '1\n1504']).toContain(counts.trim());
  }

  test(
    `loses nothing that was in use (${KILLS} kills)`,
    async () => {
      const before = await inUse();
      let killed = 0;
      let turn = 0;
      while (killed < KILLS && turn < KILLS * 4) {
        turn += 1;
        const image = images[turn % images.length] as SystemImage;
        const others = [
          () => update(image, 'changing'),
          () => rollbackSystemContainer(lab.host, 'changing'),
          () => update(image, 'changing', { TURN: String(turn) }),
          () => install(image, 'passing'),
          () => pruneSystemContainers(lab.host),
          () => uninstallSystemContainer(lab.host, 'passing'),
          () => update(image, 'changing', { TURN: String(turn) }, true),
        ];
        const change = others[turn % others.length] as () => Promise<unknown>;
        const delay = (random() ** 2 * 1.5).toFixed(3);
        const [, kill] = await Promise.allSettled([change(), lab.killNext(Number(delay))]);
        if (kill.status === 'fulfilled' && kill.value) killed += 1;
        const said = `turn ${turn}, after ${delay} s`;

        expect(await inUse(), said).toBe(before);
        const { links, folders } = await findDeployments(lab.host);
        const active = folders.get(links.get('changing') ?? '');
        expect(active?.info?.image, said).toMatch(/^example\/crash:/);
        await checkLayers();

        // Whatever comes next puts it right.
        await update(image, 'changing', { TURN: `${turn} again` });
        const version = image.name.slice('example/crash:'.length);
        expect(await sh('systemctl is-active changing; cat /etc/kbcrash/changing.conf'), said).toBe(
          `active\nversion=${version}\n`,
        );
        expect(
          (await listSystemContainers(lab.host)).find(({ name }) => name === 'changing'),
          said,
        ).toMatchObject({
          state: 'running',
          image: image.name,
          broken: undefined,
        });
        expect(
          await sh(
            `ls -d ${ROOT}/.switch-changing ${ROOT}/.new-changing ${ROOT}/.old-changing.* 2>/dev/null || true`,
          ),
          said,
        ).toBe('');
        expect(
          await sh('ls -A /etc/kbcrash /etc/systemd/system /etc/tmpfiles.d | grep kboot-new || true'),
          said,
        ).toBe('');
        await rollbackSystemContainer(lab.host, 'changing');
      }
      process.stdout.write(`${killed} kills in ${turn} changes\n`);
      expect(killed).toBe(KILLS);
      await pruneSystemContainers(lab.host);
      for (const name of ['passing', 'changing', 'steady']) await uninstallSystemContainer(lab.host, name);
      expect(await sh(`ls -A ${ROOT} /etc/kbcrash 2>/dev/null || true`)).toBe('');
    },
    60 * 60_000,
  );
});
