const UNITS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

/** The least that is of any use: kubeadm's own checks come every second or two. */
const LEAST_MS = 10_000;

/** Milliseconds of a time like `90s`, `15m` or `1h`; undefined for any other text, and for less than 10 s. */
export function durationMs(text: string): number | undefined {
  const [, number, unit] = /^([1-9]\d{0,4})([smh])$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS[unit as keyof typeof UNITS] ?? Number.NaN);
  return ms >= LEAST_MS ? ms : undefined;
}
