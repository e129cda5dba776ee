import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addressIn,
  checkLabName,
  containerName,
  labCommand,
  planMachines,
  shortName,
} from '../../src/lab/names.ts';

describe('planMachines', () => {
  test('one master and two nodes, as the README shows them', () => {
    expect(planMachines({ masters: 1, nodes: 2, bastion: false })).toEqual([
      { name: 'master.example.com', role: 'master', number: 11 },
      { name: 'node1.example.com', role: 'node', number: 51 },
      { name: 'node2.example.com', role: 'node', number: 52 },
    ]);
  });

  test('more masters are numbered from the second on, and the bastion comes first', () => {
    const names = planMachines({ masters: 3, nodes: 1, bastion: true }).map(({ name }) => name);
    expect(names).toEqual([
      'bastion.example.com',
      'master.example.com',
      'master2.example.com',
      'master3.example.com',
      'node1.example.com',
    ]);
  });

  test('names and numbers are unique, inside a /24, and do not change when machines are added', () => {
    const shape = fc.record({
      masters: fc.integer({ min: 1, max: 9 }),
      nodes: fc.integer({ min: 0, max: 150 }),
    });
    fc.assert(
      fc.property(shape, ({ masters, nodes }) => {
        const machines = planMachines({ masters, nodes, bastion: true });
        expect(machines).toHaveLength(masters + nodes + 1);
        expect(new Set(machines.map(({ name }) => name)).size).toBe(machines.length);
        expect(new Set(machines.map(({ number }) => number)).size).toBe(machines.length);
        for (const { number } of machines) expect(number > 1 && number < 255).toBe(true);
        const most = planMachines({ masters: 9, nodes: 150, bastion: true });
        expect(most).toEqual(expect.arrayContaining([...machines]));
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    [{ masters: 0, nodes: 1 }, 'a lab has 1 to 9 masters, not 0'],
    [{ masters: 10, nodes: 1 }, 'a lab has 1 to 9 masters, not 10'],
    [{ masters: 1, nodes: -1 }, 'a lab has 0 to 150 nodes, not -1'],
    [{ masters: 1, nodes: 1.5 }, 'a lab has 0 to 150 nodes, not 1.5'],
  ])('refuses %o', (shape, message) => {
    expect(() => planMachines({ ...shape, bastion: false })).toThrow(
      expect.objectContaining({ code: 'USAGE', message }),
    );
  });
});

test.each(['kboot', 'a', 'test-12-3', 'x'.repeat(30)])('%s is a name for a lab', (name) => {
  expect(() => checkLabName(name)).not.toThrow();
});

test.each(['', '1a', 'A', 'a_b', 'a.b', '../x', '-a', 'x'.repeat(31), 'a\n'])('%j is none', (name) => {
  expect(() => checkLabName(name)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

test('an address is in the lab network', () => {
  expect(addressIn('10.89.3.0/24', 51)).toBe('10.89.3.51');
});

test.each(['10.89.0.0/16', '10.89.3.8/24', 'fd00::/64', ''])('no addresses in %j', (subnet) => {
  expect(() => addressIn(subnet, 51)).toThrow(expect.objectContaining({ code: 'REFUSED' }));
});

test('machines of two labs have different containers', () => {
  expect(containerName('a', 'node1.example.com')).not.toBe(containerName('b', 'node1.example.com'));
});

test('short names', () => {
  expect(shortName('node1.example.com')).toBe('node1');
});

test('a command names the lab only when it is not the default one', () => {
  expect(labCommand('up', 'kboot')).toBe('kboot lab up');
  expect(labCommand('down', 'mine')).toBe('kboot lab down --name mine');
});
