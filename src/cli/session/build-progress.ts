import type { OnProgress } from '../../bundle/build/progress.ts';
import type { Report } from '../../lib/events.ts';

/** What stands in the place of a machine's name. */
const WHERE = 'bundle';

/** Tells the steps of a build as phases; what was there already is not worth a line. */
export function buildProgress(report: Report): OnProgress {
  let announced = false;
  return ({ step, title, state, ms }) => {
    const phase = `bundle/${step}`;
    if (state === 'start' && !announced) {
      announced = true;
      const text = 'building the bundle: a quarter of an hour the first time, later only what changed';
      report({ type: 'note', text });
    }
    if (state === 'start') report({ type: 'phase-start', phase, title, host: WHERE });
    if (state === 'done' || state === 'failed') {
      report({ type: 'phase-end', phase, host: WHERE, ms, ok: state === 'done' });
    }
    if (state === 'note' || state === 'warning') report({ type: state, text: title });
  };
}
