/**
 * Charts take turns: when the lab publishes new numbers, one chart redraws per frame instead of all in one task.
 *
 * Invariant: what a chart shows is a value it was handed on its turn, cached until its next one, so React never sees
 * a snapshot that is newer than the notification (the "maximum update depth" trap of throttled subscriptions), and no
 * task on the main thread redraws more than one chart.
 */
import { useState, useSyncExternalStore } from 'react';
import type { LabState, LabStore } from '../../lab/state.ts';
import { useLabStore } from '../app/lab.tsx';

/** Between two turns, milliseconds: about a frame, so that input and painting come in between. */
const gap = 18;

const waiting = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | null = null;

function next(): void {
  timer = null;
  for (const draw of waiting) {
    waiting.delete(draw);
    draw();
    break;
  }
  if (waiting.size > 0) timer = setTimeout(next, gap);
}

/** Ask for a turn; asking twice before it comes is asking once. */
export function takeTurn(draw: () => void): void {
  waiting.add(draw);
  timer ??= setTimeout(next, gap);
}

function turnSource<T>(store: LabStore, selector: (state: LabState) => T) {
  let shown = selector(store.getState());
  return {
    snapshot: () => shown,
    subscribe: (changed: () => void) => {
      const draw = () => {
        const newest = selector(store.getState());
        if (Object.is(newest, shown)) return;
        shown = newest;
        changed();
      };
      const stop = store.subscribe((state) => {
        if (!Object.is(selector(state), shown)) takeTurn(draw);
      });
      takeTurn(draw); // what was published between the first render and now
      return () => {
        stop();
        waiting.delete(draw);
      };
    },
  };
}

/** Like `useLab`, but the value arrives on this component's turn. `selector` is read once: pass a constant function. */
export function useLabInTurn<T>(selector: (state: LabState) => T): T {
  const store = useLabStore();
  const [source] = useState(() => turnSource(store, selector));
  return useSyncExternalStore(source.subscribe, source.snapshot);
}
