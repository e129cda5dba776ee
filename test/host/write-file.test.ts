import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeFileCommand } from '../../src/host/write-file.ts';

test('leaves no file behind when the connection is lost: input cut off, nobody listens', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kboot-write-'));
  try {
    const [program, ...args] = writeFileCommand(join(folder, 'file'), 'the whole content', 0o600).argv;
    const child = spawn(program, args, { stdio: 'pipe' });
    child.stdout.destroy();
    child.stderr.destroy();
    child.stdin.end('the who');
    const [code] = await once(child, 'exit');
    expect(code).not.toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
