/**
 * Charts take turns: when the lab publishes new numbers, one chart redraws per frame instead of all in one task.
 *
 * Invariant (turns.test.tsx): a chart shows the value that it was handed on its turn, until its next turn. So no task on the main thread
 * redraws more than one chart, and React never reads a newer value than it was notified of (which would end in its "maximum update depth"
 * error).
 */
import { useState, useSyncExternalStore } from 'react';
import type { LabState, LabStore } from '../../lab/state.ts';
import { useLabStore } from '../app/lab.tsx';

/** Time between two turns, milliseconds: about a frame, so that input and painting come in between. */
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

/** Ask for a turn; asking again before it comes changes nothing. */
export function takeTurn(draw: () => void): void {
  waiting.add(draw);
  timer ??= setTimeout(next, gap);
}

export interface Turn<T> {
  readonly select: (state: LabState) => T;
  /** While a run goes on, at most one drawing in this time, ms. */
  readonly pace: number;
  /** Whether two values draw the same; compared by identity where absent. */
  readonly same?: (a: T, b: T) => boolean;
}

const isGoing = ({ runs }: LabState) => runs.some(({ status }) => status === 'running');

function turnSource<T>(store: LabStore, { select, pace, same = Object.is }: Turn<T>) {
  let shown = select(store.getState());
  let drawnAt = -Infinity;
  let rest: ReturnType<typeof setTimeout> | null = null;
  return {
    snapshot: () => shown,
    subscribe: (changed: () => void) => {
      const draw = () => {
        const newest = select(store.getState());
        if (same(newest, shown)) return;
        shown = newest;
        drawnAt = performance.now();
        changed();
      };
      const wake = () => {
        rest = null;
        takeTurn(draw);
      };
      const stop = store.subscribe((state) => {
        if (same(select(state), shown)) return;
        const due = isGoing(state) ? drawnAt + pace - performance.now() : 0;
        if (due <= 0) takeTurn(draw);
        else rest ??= setTimeout(wake, due);
      });
      takeTurn(draw); // what was published between the first render and now
      return () => {
        stop();
        waiting.delete(draw);
        if (rest !== null) clearTimeout(rest);
        rest = null;
      };
    },
  };
}

/**
 * Like `useLab`, but the value arrives on this component's turn. `turn` is read once: pass a constant.
 */
export function useInTurn<T>(turn: Turn<T>): T {
  const store = useLabStore();
  const [source] = useState(() => turnSource(store, turn));
  return useSyncExternalStore(source.subscribe, source.snapshot);
}
