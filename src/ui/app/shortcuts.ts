/**
 * The keyboard: Space starts, pauses and resumes (but never throws away a finished run), a full stop goes one step, a
 * question mark opens the help.
 *
 * Invariant (page.test.tsx): a key that means something to the element in focus (a button, a field, a list, an open dialog) is left to it.
 */
import { useEffect } from 'react';
import { shownRun } from '../../lab/state.ts';
import { useLabStore } from './lab.tsx';

/** True where a key press belongs to the element, not to the page. */
function isTaken(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  if (document.querySelector('[role="dialog"][aria-modal="true"]') !== null) return true;
  return (
    target.closest(
      'input, textarea, select, button, a[href], summary, [contenteditable="true"], [role="option"], [role="menuitem"], [role="tab"], [role="slider"], [role="radio"], [role="switch"], [data-keys]',
    ) !== null
  );
}

export function useShortcuts(showHelp: () => void): void {
  const store = useLabStore();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTaken(event.target)) return;
      const { status, source } = shownRun(store.getState());
      switch (event.key) {
        case ' ':
          if (source.kind !== 'live') return;
          if (status === 'running') store.actions.pause();
          else if (status === 'paused' || status === 'interrupted') store.actions.resume();
          else if (status === 'idle')
            store.actions.train(); // which does nothing where the settings cannot run
          else return;
          break;
        case '.':
          if (status === 'starting') return;
          store.actions.step();
          break;
        case '?':
          showHelp();
          break;
        default:
          return;
      }
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [store, showHelp]);
}
