/**
 * How components reach the lab's store: a React context, read through selectors.
 *
 * A selector must return a primitive or an object that is part of the state, never a fresh object: `useSyncExternalStore` compares by
 * `Object.is` and would draw for ever. The store publishes at most four times a second.
 */
import { createContext, useCallback, useContext, useSyncExternalStore, type ReactNode } from 'react';
import { shownRun, type LabActions, type LabState, type LabStore, type RunState } from '../../lab/state.ts';

const LabContext = createContext<LabStore | null>(null);

export function LabProvider({ store, children }: { store: LabStore; children: ReactNode }) {
  return <LabContext value={store}>{children}</LabContext>;
}

/** The store itself, for code that subscribes on its own (canvas, charts that take turns). */
export function useLabStore(): LabStore {
  const store = useContext(LabContext);
  if (store === null) throw new Error('This part of the page must stand inside LabProvider.');
  return store;
}

export function useLab<T>(selector: (state: LabState) => T): T {
  const store = useLabStore();
  const snapshot = useCallback(() => selector(store.getState()), [store, selector]);
  const subscribe = useCallback((changed: () => void) => store.subscribe(changed), [store]);
  return useSyncExternalStore(subscribe, snapshot);
}

/** A value of the run that the page shows. */
export function useRun<T>(selector: (run: RunState) => T): T {
  const store = useLabStore();
  const snapshot = useCallback(() => selector(shownRun(store.getState())), [store, selector]);
  const subscribe = useCallback((changed: () => void) => store.subscribe(changed), [store]);
  return useSyncExternalStore(subscribe, snapshot);
}

export function useLabActions(): LabActions {
  return useLabStore().actions;
}
