import { expect, test } from 'vitest';
import { parseContainers, parseNetwork } from '../../src/lab/podman.ts';
import { expectRightOrClear } from '../helpers/hostile.ts';

const CONTAINERS = JSON.stringify([
  {
    Names: ['kboot-lab-mine-master.example.com'],
    Labels: { 'kboot.machine': 'master.example.com', 'kboot.role': 'master', 'kboot.address': '10.89.3.11' },
    State: 'running',
  },
]);
const NETWORK = JSON.stringify([{ name: 'n', subnets: [{ subnet: '10.89.3.0/24', gateway: '10.89.3.1' }] }]);

test("a lab's containers, as podman lists them", async () => {
  expect(parseContainers('')).toEqual([]);
  expect(parseContainers(CONTAINERS)).toEqual([
    {
      container: 'kboot-lab-mine-master.example.com',
      machine: 'master.example.com',
      role: 'master',
      address: '10.89.3.11',
      kind: 'ordinary',
      state: 'running',
    },
  ]);
  await expectRightOrClear([CONTAINERS], parseContainers);
});

test("a lab's network, as podman describes it", async () => {
  expect(parseNetwork(NETWORK, 'n')).toMatchObject({ subnet: '10.89.3.0/24', gateway: '10.89.3.1' });
  await expectRightOrClear([NETWORK], (text) => parseNetwork(text, 'n'));
  expect(() => parseNetwork('[]', 'n')).toThrow(
    expect.objectContaining({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining('podman network inspect n'),
    }),
  );
});
