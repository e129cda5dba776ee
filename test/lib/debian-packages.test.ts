import { describe, expect, test } from 'vitest';
import { ensurePackages, installCommand, type Missing } from '../../src/lib/debian-packages.ts';

const PODMAN = { need: 'podman', package: 'podman' };
const SECCOMP = { need: 'libseccomp.a', package: 'libseccomp-dev' };
const GO = { need: 'go', package: undefined, from: 'install Go from https://go.dev/dl' };

/** A computer that lacks these things until a package is installed. */
function computer(...missing: Missing[]) {
  let lacks = missing;
  const ran: string[] = [];
  const said: string[] = [];
  const ensure = (install: boolean, useful = true) =>
    ensurePackages({
      complaint: 'it needs what is not here',
      find: async () => lacks,
      install,
      verb: 'kboot x --install',
      onProgress: (text) => said.push(text),
      run: async (command) => {
        ran.push(command);
        if (useful) lacks = lacks.filter(({ package: name }) => name === undefined);
      },
    });
  return { ensure, ran, said };
}

test('one command installs all packages', () => {
  expect(installCommand(['podman', 'runc'])).toBe(
    'apt-get update && apt-get install --yes --no-install-recommends podman runc',
  );
});

describe('ensurePackages', () => {
  test('does nothing when nothing is missing', async () => {
    const { ensure, ran, said } = computer();
    await ensure(true);
    expect([ran, said]).toEqual([[], []]);
  });

  test('without install, it names everything and the command, and runs nothing', async () => {
    const { ensure, ran } = computer(PODMAN, SECCOMP, GO);
    await expect(ensure(false)).rejects.toMatchObject({
      code: 'MISSING_REQUIREMENT',
      message: 'it needs what is not here: podman, libseccomp.a, go',
      hint: `go: install Go from https://go.dev/dl\n${installCommand(['podman', 'libseccomp-dev'])} (or kboot x --install, which runs it)`,
    });
    expect(ran).toEqual([]);
  });

  test('with install, it runs the command once, asking nothing', async () => {
    const { ensure, ran, said } = computer(PODMAN, SECCOMP);
    await ensure(true);
    expect(ran).toEqual([
      `DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND; ${installCommand(['podman', 'libseccomp-dev'])}`,
    ]);
    expect(said).toEqual(['installing podman, libseccomp-dev']);
  });

  test('what no package has is still an error after the installation', async () => {
    await expect(computer(PODMAN, GO).ensure(true)).rejects.toMatchObject({
      message: 'still missing after the installation: go',
      hint: 'go: install Go from https://go.dev/dl',
    });
  });

  test('nothing is run when no package helps', async () => {
    const { ensure, ran } = computer(GO);
    await expect(ensure(true)).rejects.toMatchObject({ message: 'it needs what is not here: go' });
    expect(ran).toEqual([]);
  });

  test('an installation that changed nothing is an error', async () => {
    await expect(computer(PODMAN).ensure(true, false)).rejects.toMatchObject({
      message: 'still missing after the installation: podman',
      hint: installCommand(['podman']),
    });
  });
});
