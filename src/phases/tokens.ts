import { ADMIN_CONF, INITIALISED, JOINED, RUN_DIR } from '../facts/paths.ts';
import { script } from '../host/command.ts';
import type { Host } from '../host/host.ts';
import { parseToken, TOKEN_DESCRIPTION, TOKEN_TTL, type Token, tokensMadeByKboot } from '../kubeadm/token.ts';
import { newLedger } from './baseline.ts';
import { FreshTokens } from './fresh-tokens.ts';
import { whenReady } from './not-yet.ts';
import { everywhere, isFirstMaster, no, type Phase, yes } from './phase.ts';
import { putBack } from './put-back.ts';
import { caHashesOf } from './trust.ts';

/** Ids of the tokens that kboot made and that are still in the cluster. */
export async function leftTokens(master: Host, signal?: AbortSignal): Promise<readonly string[]> {
  const argv = ['kubeadm', '--kubeconfig', ADMIN_CONF, 'token', 'list', '-o', 'json'] as const;
  const { stdout } = await master.query({ argv, sudo: true, secretOutput: true }, signal);
  return tokensMadeByKboot(stdout, master.name);
}

/** Makes one. kubeadm prints it, so it never stands in a command line. */
async function createToken(master: Host, signal: AbortSignal): Promise<Token> {
  const argv = [
    ...(['kubeadm', '--kubeconfig', ADMIN_CONF, 'token', 'create'] as const),
    ...['--ttl', TOKEN_TTL, '--description', TOKEN_DESCRIPTION],
  ] as const;
  const { stdout } = await master.change({ argv, sudo: true, secretOutput: true }, signal);
  return parseToken(stdout.trim());
}

/** Tokens for this run alone, each of which several machines use while it is young. */
export const joinToken: Phase = {
  id: 'join-token',
  title: 'Make a join token',
  on: isFirstMaster,
  after: [],
  decide: (_subject, { subjects }) => {
    const waiting = subjects.filter(
      ({ machine, facts }) => machine.role === 'node' && !facts.present.has(JOINED),
    );
    return waiting.length > 0
      ? yes(`for ${waiting.length} machines, valid ${TOKEN_TTL}`)
      : no('nobody joins');
  },
  async run(context) {
    const { host, clock, shared, signal } = context;
    const tokens = new FreshTokens(clock, (stop) =>
      whenReady(
        { ...context, signal: stop },
        { what: 'an API that makes join tokens', host: host.name },
        () => createToken(host, stop),
      ),
    );
    await tokens.get(signal);
    const caCertHashes = await caHashesOf(host, signal);
    shared.joinTrust.set({ token: (stop) => tokens.get(stop), caCertHashes });
  },
};

const SWEEP = `
[ -d ${RUN_DIR} ] || exit 0
find ${RUN_DIR} -mindepth 1 -maxdepth 1 ! -name 'lock*' -exec rm -rf {} +
`;

/** Takes away what must not outlive a run: kboot's tokens, and kubeadm's configuration and output. */
export const sweep: Phase = {
  id: 'sweep',
  title: 'Take tokens and secrets away',
  on: everywhere,
  after: [],
  always: true,
  decide: (subject, situation) => {
    const { facts, machine } = subject;
    const left = [...subject.leftTokens, ...facts.runFiles];
    if (left.length > 0) return yes(`left by an earlier run: ${left.join(', ')}`);
    const done = facts.present.has(machine.role === 'master' ? INITIALISED : JOINED);
    const tokenMade =
      isFirstMaster(subject, situation) &&
      situation.subjects.some(({ facts: { present } }) => !present.has(JOINED) && !present.has(INITIALISED));
    return done && !tokenMade ? no('nothing was left') : yes('this run makes some');
  },
  async run(context) {
    const { host, subject, situation, shared, signal } = context;
    // While kubeadm still runs (a dropped connection), its files belong to it; the next run sweeps them.
    const units = ['kboot-kubeadm-init.service', 'kboot-kubeadm-join.service'];
    const { stdout } = await host.query(script('systemctl is-active "$@" || true', ...units), signal);
    if (stdout.split('\n').includes('active')) return;
    await host.change({ ...script(SWEEP), sudo: true }, signal);
    if (shared.untrusting.has(host.name) && !subject.ledger) {
      for (const note of await putBack(host, newLedger(context), signal)) context.warn(note);
    }
    if (subject !== situation.master) return;
    const admin = await host.query(
      { ...script(`[ -e ${ADMIN_CONF} ] && echo yes || true`), sudo: true },
      signal,
    );
    if (admin.stdout.trim() !== 'yes') return;
    for (const id of await leftTokens(host, signal)) {
      await host.change(
        { argv: ['kubeadm', '--kubeconfig', ADMIN_CONF, 'token', 'delete', id], sudo: true },
        signal,
      );
    }
  },
};
