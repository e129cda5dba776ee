import { expect, it } from 'vitest';
import { parseJoinCommand, preflightErrors, withoutTokens } from '../../src/kubeadm/output.ts';
import { kubeadmFailed } from '../../src/phases/kubeadm-failed.ts';
import { expectRightOrClear } from '../helpers/hostile.ts';

const PIN = `sha256:${'ab'.repeat(32)}`;
const OUTPUT = `Your Kubernetes control-plane has initialized successfully!

You can now join any number of control-plane nodes by copying certificate authorities
and service account keys on each node and then running the following as root:

  kubeadm join master.example.com:6443 --token abcdef.0123456789abcdef \\
	--discovery-token-ca-cert-hash ${PIN} \\
	--control-plane

Then you can join any number of worker nodes by running the following on each as root:

kubeadm join master.example.com:6443 --token abcdef.0123456789abcdef \\
	--discovery-token-ca-cert-hash ${PIN}
`;

it('finds endpoint, token and pin', () => {
  const found = parseJoinCommand(OUTPUT);
  expect(found.endpoint).toBe('master.example.com:6443');
  expect(found.token.value.reveal()).toBe('abcdef.0123456789abcdef');
  expect(found.caCertHash).toBe(PIN);
});

it('says that there is none', () => {
  expect(() => parseJoinCommand('[init] Using Kubernetes version: v1.37.2')).toThrow(
    'printed no join command',
  );
});

it('reads preflight errors', () => {
  const text =
    'error execution phase preflight:\n\t[ERROR Port-6443]: Port 6443 is in use\n\t[ERROR CRI]: no socket\n';
  expect(preflightErrors(text)).toEqual(['Port-6443: Port 6443 is in use', 'CRI: no socket']);
});

it('blanks tokens out', () => {
  expect(withoutTokens(OUTPUT)).not.toContain('0123456789abcdef');
});

it('takes whatever kubeadm prints', () =>
  expectRightOrClear(
    [OUTPUT],
    (text) => parseJoinCommand(text),
    ({ token, caCertHash }) => {
      expect(caCertHash).toHaveLength(71);
      expect(token.id).toHaveLength(6);
    },
  ));

it('takes whatever kubeadm prints when it fails', () =>
  expectRightOrClear(
    [
      'error execution phase preflight:\n\t[ERROR Port-6443]: Port 6443 is in use\n\t[ERROR CRI]: no socket\n',
    ],
    (text) => {
      const { message } = kubeadmFailed('m', 'init', text);
      expect(message.length).toBeLessThan(20_000);
    },
  ));
