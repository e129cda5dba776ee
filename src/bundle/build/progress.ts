/** One step of a build started, ended, or had nothing to do; or a remark about it. */
export interface ProgressEvent {
  readonly step: string;
  /** For people: "Compile etcd v3.7.3". */
  readonly title: string;
  readonly state: 'start' | 'skip' | 'done' | 'failed' | 'note' | 'warning';
  /** Duration in milliseconds; 0 unless the step is done or failed. */
  readonly ms: number;
}

export type OnProgress = (event: ProgressEvent) => void;
