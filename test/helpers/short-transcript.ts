import { commandLine } from '../../src/host/describe.ts';
import type { FakeHost } from './fake-host.ts';

/** What was done on a fake machine, as logs show it: scripts by their first line and their arguments. */
export function shortTranscript(host: FakeHost): readonly string[] {
  const commands = host.calls.map(({ command }) => commandLine(command));
  return host.transcript.map((line) => {
    const [sign = ''] = line.split(' ', 1);
    return sign === 'w' ? line : `${sign} ${commands.shift()}`;
  });
}
