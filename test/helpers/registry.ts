import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';

/** What the registry's configuration has beside the address and the folder. */
interface RegistrySettings {
  readonly http?: object;
  readonly auth?: object;
}

/** Starts a registry that keeps its images below `dir` until the test ends, and gives back its HOST:PORT. */
export async function startRegistry(
  dir: string,
  { http, ...settings }: RegistrySettings = {},
): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(dir, 'registry.yml');
  const storage = { filesystem: { rootdirectory: join(dir, 'registry') } };
  const common = { version: '0.1', log: { level: 'error' }, storage, http: { addr: address, ...http } };
  // JSON is YAML.
  await writeFile(config, JSON.stringify({ ...common, ...settings }));
  const registry = execa('docker-registry', ['serve', config], { reject: false, stdio: 'ignore' });
  onTestFinished(async () => {
    registry.kill();
    await registry;
  });
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await fetch(`http://${address}/v2/`).catch(() => undefined);
    if (answer) return address;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('docker-registry did not start');
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
