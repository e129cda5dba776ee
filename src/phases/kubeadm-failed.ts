import { preflightErrors, withoutTokens } from '../kubeadm/output.ts';
import { KbootError } from '../lib/errors.ts';

/** kubeadm's own words for what went wrong: its preflight errors, or the last lines. */
export function kubeadmFailed(host: string, verb: string, output: string): KbootError {
  const found = preflightErrors(output);
  const last = withoutTokens(output).trim().split('\n').slice(-5);
  return new KbootError(
    'COMMAND_FAILED',
    `${host}: kubeadm ${verb} failed\n${(found.length > 0 ? found : last).join('\n')}`,
    {
      host,
      hint: `look at the kubelet on ${host} (journalctl -u kubelet), then run the same command again: it goes on where it stopped`,
    },
  );
}
