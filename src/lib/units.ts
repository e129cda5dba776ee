const MINUTE = 60_000;
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Milliseconds for a person: `0.4 s`, `12.3 s`, `2 min 05 s`. */
export function formatDuration(ms: number): string {
  const tenths = Math.round(ms / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** Running time for a line that is drawn again and again: whole seconds, `7 s`, `2 min 05 s`. */
export function formatElapsed(ms: number): string {
  return ms < MINUTE ? `${Math.floor(ms / 1000)} s` : formatDuration(Math.floor(ms / 1000) * 1000);
}

/** Bytes for a person, in powers of 1000: `0 B`, `999 B`, `12.3 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.95 would be shown as 1000.0.
  while (value >= (unit === 0 ? 1000 : 999.95) && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** Bytes in one unit, where numbers stand side by side: `0.4 MB`, `1234.5 MB`. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Bytes in one unit, where numbers stand side by side: `0.4 GB`, `12.3 GB`. */
export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
