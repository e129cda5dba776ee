import { connect, type Socket } from 'node:net';

/** Opens a TCP connection without Nagle's delay. Rejects with node's error, or with the signal's reason. */
export function connectTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    const abort = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', (error) => {
      signal.removeEventListener('abort', abort);
      reject(error);
    });
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      // From here on the ssh client listens; until it does, an error must not end the process.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}
