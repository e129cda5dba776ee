import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../dist/bin.js', import.meta.url));

/** Peak memory of a process that still runs, in bytes; 0 when it has gone. */
async function peakMemory(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

/** Runs kboot; resolves with its seconds, its phases' milliseconds, its peak memory in bytes and its standard output. */
export async function kboot(bench, ...args) {
  const start = performance.now();
  const child = spawn(execPath, [BIN, ...args, '--events'], {
    cwd: bench.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const phases = [];
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  let output = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    output += `${line}\n`;
    if (!line.startsWith('{')) return;
    const event = JSON.parse(line);
    if (event.type === 'phase-end') phases.push({ id: event.phase, host: event.host, ms: event.ms });
  });
  let memory = 0;
  const watch = setInterval(async () => {
    memory = Math.max(memory, await peakMemory(child.pid));
  }, 50);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`kboot ${args.join(' ')} ended with ${code}\n${output}`);
  return { seconds: (performance.now() - start) / 1000, phases, memory, stdout };
}

/** Median milliseconds of a command line's whole run. */
export async function medianMs(argv, times = 15) {
  const runs = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await new Promise((resolve) => spawn(execPath, argv, { stdio: 'ignore' }).on('exit', resolve));
    runs.push(performance.now() - start);
  }
  return runs.sort((a, b) => a - b)[Math.floor(times / 2)];
}

export const VERSION = [BIN, '--version'];
