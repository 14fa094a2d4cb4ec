/**
 * What was trained here in a lesson, remembered beyond the page: which runs of the library they are. The runs themselves are kept there
 * (../runKeeper.ts); loading the lesson again does not open it, so the lesson has to know by itself that there is something to go on with.
 *
 * Invariants (trainedHere.test.ts). (1) What cannot be read is nothing remembered. (2) Taken up, runs go on from where they were kept; where
 * they are gone, or another tab works on them, a sentence says so and nothing is started.
 */
import { z } from 'zod';
import type { LabState, LabStore } from '../state.ts';

const trainedHereSchema = z.object({
  lesson: z.string(),
  /** Both runs made here, if they were: ids in the library. */
  both: z.object({ a: z.string(), b: z.string() }).nullable(),
  /** Rescues of student a, oldest first. */
  rescues: z.array(z.string()),
  /** Whether all of them came to their end. */
  over: z.boolean(),
});
export type TrainedHere = Readonly<z.infer<typeof trainedHereSchema>>;

/** @param text as `JSON.stringify` wrote it; null where there is none @returns null where it is of another lesson, too */
export function readTrainedHere(text: string | null, lesson: string): TrainedHere | null {
  if (text === null) return null;
  try {
    const read = trainedHereSchema.safeParse(JSON.parse(text));
    return read.success && read.data.lesson === lesson ? read.data : null;
  } catch {
    return null;
  }
}

export function idsOf({ both, rescues }: Pick<TrainedHere, 'both' | 'rescues'>): readonly string[] {
  return [...(both === null ? [] : [both.a, both.b]), ...rescues];
}

/** Whether the lab holds all of them. */
export function isHeld(here: Pick<TrainedHere, 'both' | 'rescues'>, { runs }: LabState): boolean {
  return idsOf(here).every((id) => runs.some((run) => run.id === id));
}

export type TakenUp =
  | { readonly ok: true }
  /** `gone`: it cannot be had another time either. */
  | { readonly ok: false; readonly gone: boolean; readonly message: string };

/** Let them go on, once the library is open; of those that have ended the numbers are opened. */
export async function takeUp(store: LabStore, here: TrainedHere): Promise<TakenUp> {
  await libraryOpen(store);
  const { library } = store.getState();
  const ids = idsOf(here);
  if (!isHeld(here, store.getState()))
    return {
      ok: false,
      gone: true,
      message: 'What was trained here is no longer kept in this browser; train again.',
    };
  if (ids.some((id) => library.elsewhere.includes(id)))
    return {
      ok: false,
      gone: false,
      message: 'They train in another tab of this browser. Go there, or stop them there first.',
    };
  store.actions.resumeRuns(ids);
  return { ok: true };
}

function libraryOpen(store: LabStore): Promise<void> {
  return new Promise((resolve) => {
    const stop = store.subscribe(look);
    look();
    function look(): void {
      if (store.getState().library.status === 'opening') return;
      stop();
      resolve();
    }
  });
}
