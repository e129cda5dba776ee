import { expect, test } from 'vitest';
import {
  createNetworkArguments,
  createVolumeArguments,
  runMachineArguments,
  runVirtualMachineArguments,
} from '../../src/lab/podman-arguments.ts';

const SPEC = {
  lab: 'mine',
  name: 'node1.example.com',
  role: 'node',
  address: '10.89.3.51',
  image: 'localhost/kboot-machine:abc',
  tmpNoexec: false,
  varSize: undefined,
  kind: 'ordinary',
} as const;

test('a machine is run with what systemd, runc and the kubelet need', () => {
  expect(runMachineArguments(SPEC).join(' ').replaceAll(' --', '\n--')).toMatchInlineSnapshot(`
    "run
    --detach
    --name kboot-lab-mine-node1.example.com
    --hostname node1.example.com
    --label kboot.lab=mine
    --label kboot.machine=node1.example.com
    --label kboot.role=node
    --label kboot.address=10.89.3.51
    --label kboot.kind=ordinary
    --network kboot-lab-mine
    --ip 10.89.3.51
    --mac-address 02:6b:0a:59:03:33
    --network-alias node1.example.com
    --network-alias node1
    --dns-search .
    --privileged
    --pids-limit -1
    --systemd=false
    --env container=podman
    --stop-signal SIGRTMIN+3
    --cgroupns private
    --runtime runc
    --sysctl net.ipv4.ip_forward=0
    --ulimit nofile=20000:20000
    --ulimit nproc=32000:32000
    --restart on-failure
    --tmpfs /tmp:rw,nosuid,nodev,exec,mode=1777
    --tmpfs /run:rw,nosuid,nodev,exec,mode=755
    --tmpfs /run/lock:rw,nosuid,nodev,noexec,mode=1777,size=5m
    --volume kboot-lab-mine-node1.example.com-var:/var:dev,suid,exec
    --pull never localhost/kboot-machine:abc"
  `);
});

test('/tmp can be noexec, and only /tmp changes', () => {
  const usual = runMachineArguments(SPEC);
  const noexec = runMachineArguments({ ...SPEC, tmpNoexec: true });
  expect(noexec.filter((word) => !usual.includes(word))).toEqual(['/tmp:rw,nosuid,nodev,noexec,mode=1777']);
});

test('a small /var is in memory and needs no volume', () => {
  const words = runMachineArguments({ ...SPEC, varSize: '400m' });
  expect(words).toContain('/var:rw,dev,suid,exec,mode=755,size=400m');
  expect(words).not.toContain('--volume');
});

test('a virtual machine is an emulator with the address and the name of the machine', () => {
  const { tmpNoexec: _tmp, varSize: _var, ...common } = SPEC;
  const words = runVirtualMachineArguments({
    ...common,
    kind: 'virtual',
    virtual: { suite: 'bookworm', memory: 2048, cpus: 1, disk: '10G' },
    gateway: '10.89.3.1',
    publicKey: 'ssh-ed25519 AAAA kboot lab',
  });
  expect(words.join(' ').replaceAll(' --', '\n--')).toMatchInlineSnapshot(`
    "run
    --detach
    --name kboot-lab-mine-node1.example.com
    --hostname node1.example.com
    --label kboot.lab=mine
    --label kboot.machine=node1.example.com
    --label kboot.role=node
    --label kboot.address=10.89.3.51
    --label kboot.kind=virtual
    --network kboot-lab-mine
    --ip 10.89.3.51
    --mac-address 02:6b:0a:59:03:33
    --network-alias node1.example.com
    --network-alias node1
    --dns-search .
    --privileged
    --pids-limit -1
    --runtime runc
    --ulimit nofile=20000:20000
    --ulimit nproc=32000:32000
    --restart no
    --env KBOOT_NAME=node1.example.com
    --env KBOOT_ADDRESS=10.89.3.51
    --env KBOOT_MAC=02:6b:0a:59:03:33
    --env KBOOT_GATEWAY=10.89.3.1
    --env KBOOT_MEMORY=2048
    --env KBOOT_CPUS=1
    --env KBOOT_DISK=10G
    --env KBOOT_KEY=ssh-ed25519 AAAA kboot lab
    --volume kboot-lab-mine-node1.example.com-var:/machine
    --pull never localhost/kboot-machine:abc"
  `);
});

test('what a lab makes carries its label', () => {
  expect(createVolumeArguments('mine', 'node1.example.com')).toEqual(
    ['volume', 'create', '--label', 'kboot.lab=mine', 'kboot-lab-mine-node1.example.com-var'], // the name above
  );
  expect(createNetworkArguments('mine')).toEqual([
    ...['network', 'create', '--label', 'kboot.lab=mine', 'kboot-lab-mine'],
  ]);
});
