/**
 * Measures a check until it is true or the time is over (milliseconds since the epoch), and resolves with its last
 * result as a row. What cannot be measured is not true. The first time that it is not, `onWait` is told.
 */
export async function measureUntil({ what, where, measure }, deadline, { now, sleep, onWait }) {
  for (let first = true; ; first = false) {
    const { ok, text } = await measure().catch((error) => ({ ok: false, text: lastLineOf(error) }));
    if (ok || now() >= deadline) return { what, where, ok, text };
    if (first) onWait(`${where}: ${what}: ${text}`);
    await sleep();
  }
}

const lastLineOf = (error) => error.message.trimEnd().split('\n').at(-1);
