/**
 * The keyboard: Space starts, pauses and resumes (but never throws away a finished run) and plays a recorded one, a full stop goes one step,
 * a question mark opens the help.
 *
 * Invariant (page.test.tsx): a key that means something to the element in focus (Space to a button, any to a field, a list or an open dialog)
 * is left to it.
 */
import { useEffect } from 'react';
import { shownRun } from '../../lab/state.ts';
import { steppingOf } from '../topbar/stepping.ts';
import { useLabStore } from './lab.tsx';

/** What takes any character. */
const typed =
  'input:not([type="range"]):not([type="radio"]):not([type="checkbox"]), textarea, select, [contenteditable="true"], [role="option"], [role^="menuitem"]';
/** What Space presses or moves. */
const pressed =
  'input, button, a[href], summary, [role="tab"], [role="slider"], [role="radio"], [role="switch"], [data-keys]';

/** True where a key press belongs to the element, not to the page. */
function isTaken(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof Element)) return false;
  if (document.querySelector('[role="dialog"][aria-modal="true"]') !== null) return true;
  return target.closest(key === ' ' ? `${typed}, ${pressed}` : typed) !== null;
}

export function useShortcuts(showHelp: () => void): void {
  const store = useLabStore();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTaken(event.target, event.key)) return;
      const run = shownRun(store.getState());
      const { status, source, replay } = run;
      switch (event.key) {
        case ' ':
          if (source.kind !== 'live') {
            if (replay?.playing === true) store.actions.pauseReplay();
            else store.actions.playReplay();
          } else if (status === 'running') store.actions.pause();
          else if (status === 'paused' || status === 'interrupted') store.actions.resume();
          else if (status === 'idle') store.actions.train(); // which does nothing where the settings cannot run
          else return;
          break;
        case '.': {
          const stepping = steppingOf(run);
          if ('whyNot' in stepping) return;
          stepping.act(store.actions);
          break;
        }
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
