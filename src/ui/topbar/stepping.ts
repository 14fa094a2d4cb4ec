/**
 * What Step and the full stop do for the run that the page shows, or why they cannot: a live run goes to its next boundary, a recorded one
 * shows its next round.
 */
import type { LabActions, RunState } from '../../lab/state.ts';

export type Stepping =
  | { readonly act: (actions: LabActions) => void }
  | { /** A sentence. */ readonly whyNot: string };

export function steppingOf({
  status,
  requested,
  source,
  replay,
}: Pick<RunState, 'status' | 'requested' | 'source' | 'replay'>): Stepping {
  if (source.kind !== 'live') {
    if (replay === null || replay.frame >= replay.last)
      return { whyNot: 'The whole recorded run is shown: there is no next round.' };
    return {
      act: (actions) => {
        actions.pauseReplay();
        actions.seekReplay(replay.frame + 1);
      },
    };
  }
  switch (status) {
    case 'idle':
    case 'running':
    case 'paused':
      return requested === 'step'
        ? { whyNot: 'It is on its way to the next step.' }
        : { act: (actions) => actions.step() };
    case 'starting':
      return { whyNot: 'The run is still starting.' };
    case 'done':
      return { whyNot: 'The run is done: there is no next step.' };
    case 'failed':
    case 'interrupted':
      return { whyNot: 'The run stands still: let it go on first.' };
  }
}
