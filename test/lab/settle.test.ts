import { describe, expect, test } from 'vitest';
import { settle } from '../../src/lab/settle.ts';
import type { LabRecord } from '../../src/lab/state.ts';

const FORMER: LabRecord = {
  apiVersion: 'kboot/v1',
  kind: 'Lab',
  name: 'mine',
  image: 'localhost/kboot-machine:abc',
  subnet: '10.89.3.0/24',
  machines: [
    { name: 'master.example.com', role: 'master', address: '10.89.3.11' },
    { name: 'node1.example.com', role: 'node', address: '10.89.3.51' },
  ],
  options: { user: 'ada', sudo: false, shell: 'fish', tmpNoexec: true, bastion: false, imageBased: false },
};
const names = (settled: ReturnType<typeof settle>) => settled.planned.map(({ name }) => name);

test('a new lab has a master and two nodes, and root in sh', () => {
  const settled = settle({}, undefined);
  expect(names(settled)).toEqual(['master.example.com', 'node1.example.com', 'node2.example.com']);
  expect(settled.options).toEqual({
    ...{ user: 'root', sudo: true, shell: 'sh', tmpNoexec: false, bastion: false, imageBased: false },
  });
});

test('a new lab as asked', () => {
  const settled = settle({ masters: 2, nodes: 0, options: { bastion: true } }, undefined);
  expect(names(settled)).toEqual(['bastion.example.com', 'master.example.com', 'master2.example.com']);
  expect(settled.options.bastion).toBe(true);
});

describe('a lab of virtual machines', () => {
  const VIRTUAL = { suite: 'bookworm', memory: 3072, cpus: 2, disk: '14G' } as const;

  test('is what a stock Debian is, of a usual size', () => {
    expect(settle({ options: { virtual: {} } }, undefined).options).toMatchObject({
      user: 'admin',
      sudo: true,
      virtual: VIRTUAL,
    });
  });

  test('is as asked, and whatever was not asked is usual', () => {
    const options = { user: 'root', virtual: { suite: 'trixie', memory: 2048 } } as const;
    expect(settle({ options }, undefined).options).toMatchObject({
      user: 'root',
      virtual: { ...VIRTUAL, suite: 'trixie', memory: 2048 },
    });
  });

  test('stays as it is, asked for or not, and does not change its size', () => {
    const virtual = { ...VIRTUAL, cpus: 1 };
    const former = { ...FORMER, options: { ...FORMER.options, virtual } };
    for (const request of [{}, { options: { virtual: {} } }, { options: { virtual: { cpus: 1 } } }])
      expect(settle(request, former).options).toEqual(former.options);
    expect(() => settle({ options: { virtual: { cpus: 2 } } }, former)).toThrow('made with other options');
    expect(() => settle({ options: { virtual: {} } }, FORMER)).toThrow('made with other options');
  });
});

describe('a lab that is there', () => {
  test('stays as it is when nothing is asked', () => {
    const settled = settle({}, FORMER);
    expect(names(settled)).toEqual(['master.example.com', 'node1.example.com']);
    expect(settled.options).toEqual(FORMER.options);
  });

  test('grows', () => {
    expect(names(settle({ nodes: 2 }, FORMER))).toContain('node2.example.com');
  });

  test('is asked for as it is', () => {
    expect(names(settle({ masters: 1, nodes: 1, options: { user: 'ada' } }, FORMER))).toHaveLength(2);
  });

  test('does not shrink', () => {
    expect(() => settle({ nodes: 0 }, FORMER)).toThrow(
      expect.objectContaining({
        code: 'REFUSED',
        message: 'lab mine: is there already and has more machines: node1.example.com',
        hint: 'kboot lab down --name mine first, or kboot lab up --name mine without numbers to keep it as it is',
      }),
    );
  });

  test('does not change its kind', () => {
    expect(() => settle({ options: { shell: 'sh' } }, FORMER)).toThrow(
      expect.objectContaining({
        code: 'REFUSED',
        message: 'lab mine: is there already and was made with other options',
      }),
    );
  });
});
