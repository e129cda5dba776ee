import { JOINED } from '../cluster/paths.ts';
import { caHashesOf } from '../kubeadm/ca.ts';
import { createToken } from '../kubeadm/cluster-tokens.ts';
import { TOKEN_TTL } from '../kubeadm/token.ts';
import { FreshTokens } from './fresh-tokens.ts';
import type { JoinTrust } from './join-trust.ts';
import { whenReady } from './not-yet.ts';
import { isLeader, no, type Phase, yes } from './phase.ts';

/** Tokens for this run alone, each of which several machines use while it is young. */
export const joinToken: Phase<JoinTrust> = {
  id: 'join-token',
  title: 'Make a join token',
  on: isLeader,
  after: [],
  decide: (_state, { states }) => {
    const waiting = states.filter(
      ({ machine, facts }) => machine.role === 'node' && !facts.present.has(JOINED),
    );
    return waiting.length > 0
      ? yes(`for ${waiting.length} machines, valid ${TOKEN_TTL}`)
      : no('nobody joins');
  },
  async run(context) {
    const { host, clock, signal } = context;
    const tokens = new FreshTokens(clock, (stop) =>
      whenReady(
        { ...context, signal: stop },
        { what: 'an API that makes join tokens', host: host.name },
        () => createToken(host, stop),
      ),
    );
    await tokens.get(signal);
    const caCertHashes = await caHashesOf(host, signal);
    return { token: (stop) => tokens.get(stop), caCertHashes };
  },
};
