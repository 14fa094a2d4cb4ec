/**
 * What went wrong, what is safe, and what to do about it, in sentences.
 *
 * Invariant (a type; runController.test.ts): every way in which a run can fail has advice that a person can follow. Where a checkpoint
 * was kept, the advice begins with how far the run is safe. A missing WebGPU is no failure: another engine runs and says why.
 */
import type { CheckpointPlace } from '../worker/protocol.ts';
import type { EngineView } from '../record/recordedRun.ts';
import type { FailureView } from './state.ts';

interface Advice {
  /** Where the run has to begin again. */
  readonly afresh: string;
  /** Where it can go on; null where that makes no sense. */
  readonly goOn: string | null;
}

const advice: Record<FailureView['source'], Advice> = {
  engine: {
    afresh:
      'Close other tabs and programs, choose a smaller policy, or choose another engine in the settings, and train again.',
    goOn: 'Close other tabs and programs first; if it fails again, train with a smaller policy or on another engine.',
  },
  'device-lost': {
    afresh:
      'The browser took the GPU or a thread away, often after sleep, a driver update or where memory runs short. Train again; if it comes back, choose a smaller policy or another engine.',
    goOn: 'Browsers take a GPU or a thread away after sleep, a driver update or where memory runs short.',
  },
  sandbox: {
    afresh:
      'Python (Pyodide) could not be started. Check the connection to this site and reload the page; a content blocker or a full disk can also keep it from loading.',
    goOn: 'Check the connection to this site; Python (Pyodide) has to be started anew.',
  },
  settings: { afresh: 'Change the settings that are named and train again.', goOn: null },
  base: {
    afresh:
      'Check the connection to this site and train again, or choose another base, or scratch, in the settings.',
    goOn: null,
  },
  numerics: {
    afresh:
      'The numbers left the range of floating point. Lower the learning rate (of the cold start or of GRPO, wherever it happened) or the gradient clip, and train again.',
    goOn: 'The same steps may well end here again; training again with a lower learning rate (of the cold start or of GRPO, wherever it happened) helps.',
  },
  checkpoint: { afresh: 'No run can go on from it; train again from the beginning.', goOn: null },
  trainer: {
    afresh: 'This is a fault of the lab. Train again; if it comes back, reload the page.',
    goOn: 'This is a fault of the lab, not of the run.',
  },
  file: { afresh: 'Choose a file that this lab has exported.', goOn: null },
  browser: { afresh: 'Use a current version of Chrome, Edge, Firefox or Safari.', goOn: null },
};

/** @param saved the run's newest checkpoint, if there is one */
export function failureView(
  source: FailureView['source'],
  message: string,
  saved: CheckpointPlace | null = null,
): FailureView {
  const { afresh, goOn } = advice[source];
  const view = { source, message: sentence(message) };
  if (saved === null || goOn === null) return { ...view, advice: afresh };
  const place = placeName(saved);
  return { ...view, advice: `The run is safe up to ${place}. ${goOn}`, goOn: place };
}

/** A run went on, but not where it had begun: said once, since numbers agree between engines only to rounding. */
export function movedNotice(before: EngineView | null, after: EngineView): string | null {
  if (before === null || nameOf(before) === nameOf(after)) return null;
  return `The run goes on, on another engine than before (${nameOf(after)}, it was ${nameOf(before)}): from here it is not the run that it would have been.`;
}

/** What decides an engine's numbers to the last bit, as far as it says; how many threads it has does not. */
function nameOf({ engine, backend, build }: EngineView): string {
  return build === undefined ? `${engine} on ${backend}` : `${engine} (${build}) on ${backend}`;
}

/** A checkpoint's place as people name it: “round 12”, “step 40 of the cold start”. */
export function placeName({ phase, done, round }: CheckpointPlace): string {
  switch (phase) {
    case 'sft':
      return `step ${done} of the cold start`;
    case 'baseline':
      return `benchmark ${done} of the baseline`;
    case 'stage1':
    case 'stage2':
      return `round ${round}`;
    case 'evaluation':
      return `benchmark ${done} of the evaluation`;
  }
}

/** Messages come from libraries too: first letter large, a full stop at the end, never empty. */
function sentence(message: string): string {
  const trimmed = message.trim();
  if (trimmed === '') return 'Something failed without saying why.';
  const start = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(start) ? start : `${start}.`;
}
