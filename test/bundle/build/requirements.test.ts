import { afterEach, expect, it, vi } from 'vitest';
import { ensureRequirements, staticLibrary } from '../../../src/bundle/build/requirements.ts';

const CHECK_ONLY = { install: false, onProgress: () => {} };

afterEach(() => {
  vi.unstubAllEnvs();
});

it('is content with this machine', async () => {
  await ensureRequirements('modules', CHECK_ONLY);
  expect(await staticLibrary('libc.a')).toMatch(/^\/.*libc\.a$/);
});

it('names all that is missing at once, with the one command that installs it', async () => {
  vi.stubEnv('PATH', '/var/empty');
  await expect(ensureRequirements('modules', CHECK_ONLY)).rejects.toMatchObject({
    code: 'MISSING_REQUIREMENT',
    message: expect.stringMatching(/podman, apt-get, dpkg-deb, go, gcc, pkg-config, libc\.a, libseccomp\.a$/),
    hint: [
      'go: install Go 1.26 from https://go.dev/dl',
      'apt-get update && apt-get install --yes --no-install-recommends podman apt dpkg gcc pkg-config libc6-dev libseccomp-dev (or kboot bundle build --install, which runs it)',
    ].join('\n'),
  });
});
