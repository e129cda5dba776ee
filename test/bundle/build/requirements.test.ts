import { afterEach, expect, it, vi } from 'vitest';
import { checkRequirements, staticLibrary } from '../../../src/bundle/build/requirements.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

it('is content with this machine', async () => {
  await checkRequirements('modules');
  expect(await staticLibrary('libc.a')).toMatch(/^\/.*libc\.a$/);
});

it('names all that is missing at once, with the one command that installs it', async () => {
  vi.stubEnv('PATH', '/var/empty');
  await expect(checkRequirements('modules')).rejects.toMatchObject({
    code: 'MISSING_REQUIREMENT',
    message: expect.stringMatching(/podman, apt-get, dpkg-deb, go, gcc, pkg-config, libc\.a, libseccomp\.a$/),
    hint: 'sudo apt-get install -y podman apt dpkg golang-go gcc pkg-config libc6-dev libseccomp-dev',
  });
});
