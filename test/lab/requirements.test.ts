import { expect, test } from 'vitest';
import { ensureRequirements, missingPackages } from '../../src/lab/requirements.ts';

const PATH = '/usr/bin:/usr/sbin';
const THERE = [
  ...['/usr/bin/podman', '/usr/sbin/runc', '/usr/lib/podman/netavark', '/usr/libexec/podman/aardvark-dns'],
  ...['/usr/sbin/iptables', '/usr/sbin/debootstrap', '/usr/share/keyrings/debian-archive-keyring.gpg'],
  ...['/usr/bin/ssh-keygen', '/usr/bin/tar', '/usr/bin/unshare'],
];
const without = (...paths: string[]) =>
  missingPackages(PATH, async (path) => THERE.includes(path) && !paths.includes(path));

test('nothing is missing, wherever in PATH and among the helpers it lies', async () => {
  expect(await without()).toEqual([]);
});

test.each([
  ['/usr/bin/podman', 'podman'],
  ['/usr/sbin/runc', 'runc'],
  ['/usr/lib/podman/netavark', 'netavark'],
  ['/usr/libexec/podman/aardvark-dns', 'aardvark-dns'],
  ['/usr/sbin/iptables', 'iptables'],
  ['/usr/sbin/debootstrap', 'debootstrap'],
  ['/usr/share/keyrings/debian-archive-keyring.gpg', 'debian-archive-keyring'],
  ['/usr/bin/ssh-keygen', 'openssh-client'],
  ['/usr/bin/tar', 'tar'],
  ['/usr/bin/unshare', 'util-linux'],
])('without %s, %s is missing', async (path, name) => {
  expect(await without(path)).toEqual([name]);
});

test('all that is missing is named at once', async () => {
  expect(await without('/usr/bin/podman', '/usr/sbin/debootstrap')).toEqual(['podman', 'debootstrap']);
});

test('without --install, the error says what to run', async () => {
  const said: string[] = [];
  const ensured = ensureRequirements({
    path: '/nowhere',
    install: false,
    onProgress: (text) => said.push(text),
  });
  await expect(ensured).rejects.toMatchObject({
    code: 'MISSING_REQUIREMENT',
    message: expect.stringContaining('podman, runc, '),
    hint: expect.stringMatching(
      /^apt-get update && apt-get install .*podman runc .* \(or kboot lab up --install/,
    ),
  });
  expect(said).toEqual([]);
});
