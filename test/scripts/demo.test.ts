import { describe, expect, it } from 'vitest';
import { measureUntil } from '../../scripts/demo/measure.mjs';
import { imageWithBusybox, workload } from '../../scripts/demo/workload.mjs';

describe('measureUntil', () => {
  /** Measures with these results one after the other, a second apart, until `deadline`. */
  const measured = async (deadline: number, ...results: ({ ok: boolean; text: string } | Error)[]) => {
    let now = 0;
    const waits: string[] = [];
    const measure = async () => {
      const result = results.shift();
      if (result === undefined) throw new Error('measured once too often');
      if (result instanceof Error) throw result;
      return result;
    };
    const row = await measureUntil({ what: 'dns', where: 'a', measure }, deadline, {
      now: () => now,
      sleep: async () => {
        now += 1000;
      },
      onWait: (text: string) => waits.push(text),
    });
    return { row, waits, left: results.length };
  };

  it('measures once what is true', async () => {
    expect(await measured(0, { ok: true, text: 'yes' })).toEqual({
      row: { what: 'dns', where: 'a', ok: true, text: 'yes' },
      waits: [],
      left: 0,
    });
  });

  it('waits for what becomes true, and says so once', async () => {
    const no = { ok: false, text: 'not yet' };
    const { row, waits } = await measured(5000, new Error('exit code 1\nno pod'), no, {
      ok: true,
      text: 'yes',
    });
    expect(row.ok).toBe(true);
    expect(waits).toEqual(['a: dns: no pod']);
  });

  it('gives up at the deadline: what is not true, or cannot be measured, fails', async () => {
    const { row, left } = await measured(
      2000,
      ...Array.from({ length: 4 }, () => new Error('exit code 1\nlast')),
    );
    expect(row).toMatchObject({ ok: false, text: 'last' });
    expect(left).toBe(1);
  });
});

describe('the workload', () => {
  const image = 'registry.k8s.io/kube-proxy:v1.37.2';

  it('takes an image that every node has, and pulls nothing', () => {
    const lock = { images: [{ name: 'registry.k8s.io/pause:3' }, { name: image }] };
    expect(imageWithBusybox(lock)).toBe(image);
    expect(() => imageWithBusybox({ images: [] })).toThrow('no image of kube-proxy');
  });

  it('is ordinary: pods of a DaemonSet that tolerate nothing, and a Service that selects them', () => {
    const [namespace, set, service] = workload(image).items;
    const { spec } = set.spec.template;
    expect(spec.tolerations).toBeUndefined();
    expect(spec.hostNetwork).toBeUndefined();
    expect(spec.containers).toMatchObject([{ image, imagePullPolicy: 'Never' }]);
    expect(service.spec.selector).toEqual(set.spec.template.metadata.labels);
    expect([set, service].map(({ metadata }) => metadata.namespace)).toEqual(
      Array(2).fill(namespace.metadata.name),
    );
  });
});
