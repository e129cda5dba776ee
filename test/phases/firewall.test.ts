import { execa } from 'execa';
import { expect, test } from 'vitest';
import { libraries, script } from '../helpers/script.ts';

/** What undoes a table, as iptables-restore reads it. `had`: whether the chains of ports were there before. */
async function undo(save: string, had = 0): Promise<readonly string[]> {
  const [shell, ...words] = script(`${libraries('undo-rules')}undo_rules nat "$1"`, `${had}`).argv;
  const { stdout } = await execa(shell, words, { input: save });
  return stdout.split('\n').filter((line) => line !== '');
}

const rule = (network: string, chain: string) =>
  `-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"${network}\\" id: \\"a1\\"" -m multiport --dports 80 -j ${chain}`;

const PORTS = `:CNI-HOSTPORT-DNAT - [0:0]
:CNI-HOSTPORT-MASQ - [0:0]
:CNI-HOSTPORT-SETMARK - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
`;

const OWN = `:CNI-DN-0a1b - [0:0]
${rule('cbr0', 'CNI-DN-0a1b')}
-A CNI-DN-0a1b -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.0.5:80
`;

test('the chains of kube-proxy, the kubelet and flannel go, and the jumps to them', async () => {
  const save = `*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:FLANNEL-POSTRTG - [0:0]
:SITE - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -j SITE
-A KUBE-SERVICES -j SITE
COMMIT
`;
  expect(await undo(save)).toEqual([
    '*nat',
    '-D PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-F KUBE-SERVICES',
    '-F FLANNEL-POSTRTG',
    '-X KUBE-SERVICES',
    '-X FLANNEL-POSTRTG',
    'COMMIT',
  ]);
});

test('the ports of the cluster’s pods go, and with the last of them the chains for all ports', async () => {
  const lines = await undo(PORTS + OWN);
  expect(lines.filter((line) => line.startsWith('-D'))).toEqual([
    '-D PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
    '-D POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
  ]);
  expect(lines.filter((line) => line.startsWith('-X'))).toEqual(
    ['HOSTPORT-DNAT', 'HOSTPORT-MASQ', 'HOSTPORT-SETMARK', 'DN-0a1b'].map((name) => `-X CNI-${name}`),
  );
});

test('ports of another network stay, with the chains that they share', async () => {
  const theirs = `:CNI-DN-ffff - [0:0]
${rule('podman', 'CNI-DN-ffff')}
-A CNI-DN-ffff -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.88.0.5:80
`;
  expect(await undo(PORTS + OWN + theirs)).toEqual([
    '*nat',
    `-D ${rule('cbr0', 'CNI-DN-0a1b').slice(3)}`,
    '-F CNI-DN-0a1b',
    '-X CNI-DN-0a1b',
    'COMMIT',
  ]);
});

test.each([
  [
    'chains of other plugins',
    ':CNI-FORWARD - [0:0]\n:CNI-ADMIN - [0:0]\n:CNI-0123 - [0:0]\n-A FORWARD -j CNI-FORWARD\n',
    0,
  ],
  ['chains for ports that were there before', PORTS, 1],
  ['a network whose name begins like the cluster’s', `:CNI-DN-1 - [0:0]\n${rule('cbr01', 'CNI-DN-1')}\n`, 1],
])('leaves %s', async (_what, save, had) => {
  expect(await undo(save, had)).toEqual([]);
});
