import { describe, expect, it } from 'vitest';
import { INITIALISED, JOINED } from '../../src/cluster/paths.ts';
import { TOKEN_DESCRIPTION } from '../../src/kubeadm/token.ts';
import { joinToken } from '../../src/phases/join-token.ts';
import { sweep } from '../../src/phases/sweep.ts';
import { trust } from '../../src/phases/trust.ts';
import { CA_PEM, CA_PIN } from '../fixtures/ca.ts';
import { BUNDLE, clusterStateOf, EMPTY_LEDGER, factsWith, stateWith } from '../helpers/cluster-state.ts';
import { contextWith } from '../helpers/phase-context.ts';

const master = stateWith('master.example.com', 'master', {
  facts: factsWith({ present: new Set([INITIALISED]) }),
});
const fresh = stateWith('node1.example.com', 'node');
const joined = stateWith('node2.example.com', 'node', { facts: factsWith({ present: new Set([JOINED]) }) });

const CREATE = /^sudo kubeadm .* token create/;
const LIST = /^sudo kubeadm .* token list/;
const ACTIVE = 'active-units.sh kboot-kubeadm-init.service kboot-kubeadm-join.service';
const HAS_ADMIN_CONF = 'sudo has-file.sh /etc/kubernetes/admin.conf';
const SWEEP = 'sudo sweep.sh /run/kboot';

describe('the join token', () => {
  it.each([
    [
      'for those that have yet to join',
      [fresh, joined],
      { run: true, because: 'for 1 machines, valid 15m0s' },
    ],
    ['not where nobody joins', [joined], { run: false, because: 'nobody joins' }],
  ])('is made %s', (_what, nodes, decision) => {
    expect(joinToken.decide(master, clusterStateOf(master, ...nodes), BUNDLE)).toEqual(decision);
  });

  it('is made on the leader, stands in no command line, and comes with the pins of the CA', async () => {
    const context = contextWith({ clusterState: clusterStateOf(master, fresh) });
    context.host.on(CREATE, 'abcdef.0123456789abcdef\n').on(/^sudo cat .*ca\.crt/, CA_PEM);
    const { token, caCertHashes } = await joinToken.run(context);
    expect(caCertHashes).toEqual([CA_PIN]);
    expect((await token(context.signal)).value.reveal()).toBe('abcdef.0123456789abcdef');
    expect(context.host.transcript.join('\n')).not.toContain('0123456789abcdef');
    expect(context.host.calls[0]?.command.secretOutput).toBe(true);
  });
});

describe('what must not outlive a run', () => {
  it.each([
    ['is swept where this run makes some', fresh, [fresh], true, /this run makes some/],
    ['is swept where an earlier run left it', { ...joined, leftTokens: ['abcdef'] }, [], true, /abcdef/],
    ['is nothing on a node that has joined', joined, [], false, /nothing was left/],
    ['is a token on the master where somebody joins', master, [fresh], true, /this run makes some/],
    ['is nothing on the master where nobody joins', master, [joined], false, /nothing was left/],
  ])('%s', (_what, state, others, run, because) => {
    const clusterState = clusterStateOf(master, ...others);
    expect(sweep.decide(state, clusterState, BUNDLE)).toEqual({
      run,
      because: expect.stringMatching(because),
    });
  });

  it('goes from a node with one command', async () => {
    const context = contextWith({ clusterState: clusterStateOf(master, fresh), state: fresh });
    context.host.on(ACTIVE, 'inactive\ninactive\n').on(SWEEP);
    await sweep.run(context);
    expect(context.host.transcript).toEqual([`? ${ACTIVE}`, `! ${SWEEP}`]);
  });

  it('stays while kubeadm still runs', async () => {
    const context = contextWith({ clusterState: clusterStateOf(master, fresh), state: fresh });
    context.host.on(ACTIVE, 'inactive\nactive\n');
    await sweep.run(context);
    expect(context.host.transcript).toHaveLength(1);
  });

  it("is every token of kboot's in the cluster, and nobody else's", async () => {
    const context = contextWith({ clusterState: clusterStateOf(master, joined) });
    const listed = [
      { token: 'abcdef.0123456789abcdef', description: TOKEN_DESCRIPTION },
      { token: 'ghijkl.0123456789abcdef', description: 'of somebody else' },
    ];
    context.host
      .on(ACTIVE, 'inactive\ninactive\n')
      .on(SWEEP)
      .on(HAS_ADMIN_CONF, 'yes\n')
      .on(LIST, listed.map((each) => JSON.stringify(each)).join('\n'))
      .on(/token delete abcdef$/);
    await sweep.run(context);
    expect(context.host.transcript.at(-1)).toBe(
      '! sudo kubeadm --kubeconfig /etc/kubernetes/admin.conf token delete abcdef',
    );
  });

  it.each([
    ['taken back where a machine did not find its cluster', undefined, true],
    ['left where kboot had changed the machine before', EMPTY_LEDGER, false],
  ])('what was sent is %s', async (_what, ledger, isTakenBack) => {
    const state = { ...fresh, ledger };
    const context = contextWith({ clusterState: clusterStateOf(master, state), state });
    context.failed(trust);
    context.host
      .on(ACTIVE, 'inactive\ninactive\n')
      .on(SWEEP)
      .on(
        /^sudo (restore-sysctls|remove-leftovers|unload-modules|remove-empty-directories|finish-reset)\.sh/,
      );
    await sweep.run(context);
    expect(context.host.transcript.length > 2).toBe(isTakenBack);
  });
});
