import { access } from 'node:fs/promises';

/** Whether there is something of this name. What cannot be looked at counts as absent. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
