/** What happens during a run, told to whoever shows it. `ms` are durations in milliseconds. */
export type Event =
  | { readonly type: 'run-start'; readonly verb: string; readonly hosts: readonly string[] }
  | { readonly type: 'phase-start'; readonly phase: string; readonly title: string; readonly host: string }
  | {
      readonly type: 'phase-progress';
      readonly phase: string;
      readonly host: string;
      /** What is being done right now. */
      readonly text?: string | undefined;
      /** Of `total`, both in the unit of the phase (bytes for transfers). */
      readonly done?: number | undefined;
      readonly total?: number | undefined;
    }
  | {
      readonly type: 'phase-skip';
      readonly phase: string;
      readonly title: string;
      readonly host: string;
      readonly because: string;
    }
  | {
      readonly type: 'phase-end';
      readonly phase: string;
      readonly host: string;
      readonly ms: number;
      readonly ok: boolean;
      /** The message of what was thrown. */
      readonly error?: string | undefined;
    }
  | { readonly type: 'note' | 'warning'; readonly host?: string | undefined; readonly text: string }
  | { readonly type: 'run-end'; readonly ok: boolean; readonly ms: number };

/** Takes events as they happen. Never throws, never waits. */
export type Report = (event: Event) => void;
