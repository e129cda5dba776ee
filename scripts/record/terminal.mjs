import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parseScreen } from './ansi.mjs';

const run = promisify(execFile);

/** Nothing looks typed when it comes at once. */
const KEY_MS = 40;

/** A terminal in a tmux server of its own, which nobody sees, with a shell that writes down how commands end. */
export class Terminal {
  #socket = `kboot-record-${process.pid}`;
  #statuses = '';

  async #tmux(...args) {
    const { stdout } = await run('tmux', ['-u', '-L', this.#socket, '-f', '/dev/null', ...args]);
    return stdout;
  }

  /** Opens it. `folder` is where the shell is, `statuses` a file for the exit codes of its commands. */
  async open({ folder, statuses, columns, rows, env }) {
    this.#statuses = statuses;
    await writeFile(statuses, '');
    const set = { ...env, PS1: '$ ', PROMPT_COMMAND: 'echo $? >> "$STATUSES"', STATUSES: statuses };
    const shell = ['env', '-u', 'CI', ...Object.entries(set).map(([name, value]) => `${name}=${value}`)];
    const size = ['-x', `${columns}`, '-y', `${rows}`];
    await this.#tmux('new-session', '-d', ...size, '-c', folder, ...shell, 'bash', '--norc', '--noprofile');
    await this.#tmux('set-option', '-g', 'status', 'off');
    await this.#tmux('resize-window', ...size);
    await this.#ended(1);
  }

  /** Types a line, and resolves when its command has ended. Throws when it failed. */
  async type(line) {
    const before = (await this.#exitCodes()).length;
    for (const key of line) {
      await this.#tmux('send-keys', '-l', key);
      await sleep(KEY_MS);
    }
    await this.#tmux('send-keys', 'Enter');
    const status = await this.#ended(before + 1);
    if (status !== 0) throw new Error(`${line}: exit code ${status}`);
  }

  async #exitCodes() {
    return (await readFile(this.#statuses, 'utf8')).split('\n').slice(0, -1).map(Number);
  }

  /** Waits for the exit code of the command with this number. */
  async #ended(count) {
    for (;;) {
      const codes = await this.#exitCodes();
      if (codes.length >= count) return codes.at(-1);
      await sleep(100);
    }
  }

  /** The screen as lines of runs. */
  async screen() {
    return parseScreen((await this.#tmux('capture-pane', '-p', '-e')).replace(/\n$/, ''));
  }

  async close() {
    await this.#tmux('kill-server').catch(() => {});
  }
}
