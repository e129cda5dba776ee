import type { HostFlags } from './machines.ts';

export interface UpdateFlags extends HostFlags {
  readonly all: boolean;
  readonly rebase?: string;
  readonly set: readonly string[];
  readonly runtime?: string;
  readonly prepare: boolean;
  readonly activate: boolean;
  readonly healthTimeout?: number;
  readonly insecureRegistry: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}
