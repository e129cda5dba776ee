import { z } from 'zod';

/* What `--events` prints on standard error, a line each; docs/json.md is made from this. */

const time = z.iso.datetime();
const host = z.string();
const phase = z.string().describe('id of the phase');
const title = z.string().describe('what it does, for people');
const ms = z.number().describe('how long it took, in ms');

/** What failed, the last line; the errors of single machines look the same. */
const failure = z.object({
  type: z.literal('error'),
  code: z.string().describe('class of the error, or `BUG`'),
  message: z.string(),
  host: host.optional(),
  hint: z.string().optional().describe('what to do'),
  log: z.string().optional().describe('path of the full log'),
  get failures() {
    return z.array(failure).readonly().optional().describe('the errors of single machines');
  },
});

/** Each kind of line by its `type`. */
export const EVENT_LINES = {
  'run-start': z.object({
    time,
    type: z.literal('run-start'),
    verb: z.string(),
    hosts: z.array(z.string()).readonly().describe('the machines, in the order of kboot.yaml'),
  }),
  'phase-start': z.object({ time, type: z.literal('phase-start'), phase, title, host }),
  'phase-progress': z.object({
    time,
    type: z.literal('phase-progress'),
    ...{ phase, host },
    text: z.string().optional().describe('what is being done right now'),
    done: z.number().optional().describe('of `total`, bytes for transfers'),
    total: z.number().optional(),
  }),
  'phase-skip': z.object({
    time,
    type: z.literal('phase-skip'),
    ...{ phase, title, host },
    because: z.string(),
  }),
  'phase-end': z.object({
    time,
    type: z.literal('phase-end'),
    ...{ phase, host, ms },
    ok: z.boolean(),
    error: z.string().optional().describe('why it failed'),
  }),
  note: z.object({ time, type: z.literal('note'), host: host.optional(), text: z.string() }),
  warning: z.object({ time, type: z.literal('warning'), host: host.optional(), text: z.string() }),
  'run-end': z.object({ time, type: z.literal('run-end'), ok: z.boolean(), ms }),
  error: failure,
} as const;

/** A line as a value. */
export type EventLine = z.input<(typeof EVENT_LINES)[keyof typeof EVENT_LINES]>;
