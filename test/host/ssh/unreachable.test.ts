import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connectSsh } from '../../../src/host/ssh/connect.ts';
import { sshFixture } from '../../helpers/ssh-fixture.ts';
import { freePort, type Sshd, startSshd } from '../../helpers/sshd.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd({ hostKeyTypes: ['ed25519', 'ecdsa', 'rsa'], config: ['MaxAuthTries 3'] });
});
afterAll(() => sshd.stop());

const { configFile, options, there } = sshFixture(() => sshd);

describe('what is no machine', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  function listen(onConnection: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      onConnection(socket);
    });
    servers.push(server);
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  }

  test('nothing listens', async () => {
    const port = await freePort();
    await expect(connectSsh(there({ port }), options())).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      host: 'node1',
      message: `node1: cannot connect to 127.0.0.1 port ${port}: connection refused`,
      hint: expect.stringContaining('sshd'),
    });
  });

  test('the name does not exist', async () => {
    await expect(connectSsh(there({ address: 'no-such-host.invalid' }), options())).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: expect.stringContaining('no-such-host.invalid'),
      hint: expect.stringContaining('address'),
    });
  });

  test.each([
    ['and stays', (socket: Socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [
      'and closes',
      (socket: Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
    ],
  ])('a web server answers %s', async (_how, answer) => {
    const port = await listen(answer);
    await expect(connectSsh(there({ port }), options())).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: `node1: no SSH server at 127.0.0.1 port ${port}: it answers "HTTP/1.1 400 Bad Request"`,
    });
  });

  test('it says nothing', async () => {
    const port = await listen(() => {});
    await expect(connectSsh(there({ port }), options({ loginTimeoutMs: 200 }))).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: `node1: 127.0.0.1 port ${port}: connected, but it says nothing within 0.2 s`,
    });
  });

  test('it says nothing for as long as the ssh configuration allows', async () => {
    const port = await listen(() => {});
    const sshConfigFile = configFile('Host *\n  ConnectTimeout 1\n');
    await expect(connectSsh(there({ port }), options({ sshConfigFile }))).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: `node1: 127.0.0.1 port ${port}: connected, but it says nothing within 1 s`,
    });
  });

  test('it hangs up', async () => {
    const port = await listen((socket) => socket.destroy());
    await expect(connectSsh(there({ port }), options())).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: `node1: 127.0.0.1 port ${port}: the connection was closed before the login`,
      hint: expect.stringContaining('MaxStartups'),
    });
  });

  test('a signal ends the attempt with its reason', async () => {
    const port = await listen(() => {});
    const reason = new Error('stop');
    const signal = AbortSignal.timeout(100);
    await expect(connectSsh(there({ port }), options({ signal }))).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    await expect(connectSsh(there({ port }), options({ signal: AbortSignal.abort(reason) }))).rejects.toBe(
      reason,
    );
  });
});
