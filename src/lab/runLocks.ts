/**
 * Which tab works on a run, by the browser's own locks: a tab that ends, however it ends, lets go. Browsers also leave tabs alone that
 * hold one, rather than freeze them in the background.
 */
import type { RunLocks } from './environment.ts';

const prefix = 'aster-lab-run-';

/** Where the browser has no locks every tab gets what it asks for. */
export function runLocks(): RunLocks {
  // Absent where the page is not served securely, whatever the types say.
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) {
    return {
      hold: async () => () => undefined,
      released: () => new Promise(() => undefined),
      held: async () => new Set(),
    };
  }
  return {
    hold: (id) =>
      new Promise((resolve) => {
        void locks.request(prefix + id, { ifAvailable: true }, (lock) => {
          if (lock === null) {
            resolve(null);
            return;
          }
          return new Promise<void>((release) => resolve(() => release()));
        });
      }),
    released: (lock) => locks.request(lock, () => undefined),
    held: async () => {
      const { held = [] } = await locks.query();
      const names = held.flatMap(({ name }) => (name?.startsWith(prefix) === true ? [name] : []));
      return new Set(names.map((name) => name.slice(prefix.length)));
    },
  };
}
