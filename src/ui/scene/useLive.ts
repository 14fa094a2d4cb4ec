/**
 * Runs of this machine in the lesson: its two runs made again, started together through the lab's list of runs, or rescues of student a,
 * seen through the same eyes as the recordings. The lab's code and its workers are loaded when a person asks for them.
 *
 * A rescue begins at a moment that this browser kept of a run made here, and where there is none at a round of the recording whose
 * weights lie beside it.
 */
import { useCallback, useMemo, useState, useSyncExternalStore } from 'react';
import { liveStudent } from '../../lab/lesson/pair.ts';
import { recordedMoments } from '../../lab/recordedMoments.ts';
import type { KeptMoment, LabState, LabStore, RunPlan, RunState } from '../../lab/state.ts';
import { students, type Student } from '../../recipes/lessons.ts';
import type { LiveLine } from './LiveMarks.tsx';
import type { Scene } from './useScene.ts';

export interface LiveRun {
  readonly student: Student;
  readonly run: RunState;
  readonly name: string;
  readonly rescued: boolean;
}

export interface Live {
  /** Nothing is live, the lab is being loaded, rescues of the recording go on, or both runs do. */
  readonly state: 'none' | 'loading' | 'rescue' | 'both';
  readonly runs: readonly LiveRun[];
  readonly lines: readonly LiveLine[];
  /** What went wrong while the lab was loaded or a run was to be started. */
  readonly failure: string | null;
  readonly train: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Where a rescue can begin, oldest first: student a's run made here, or else its recording. */
  readonly moments: readonly KeptMoment[];
  /** Whether `moments` are the recording's, which has no optimizer. */
  readonly fromRecording: boolean;
  /** Go on from a moment of student a's run with one setting changed. */
  readonly rescue: (moment: KeptMoment, path: string, value: number) => void;
  /** Stop the runs and go back to the recordings; they stay in the lab's list. */
  readonly leave: () => void;
}

interface Held {
  readonly store: LabStore;
  /** Both runs made here, if they are. */
  readonly both: Readonly<Record<Student, string>> | null;
  readonly rescues: readonly string[];
}

const nothing = () => () => undefined;
const notLoaded = (error: unknown) =>
  `The lab could not be loaded (${error instanceof Error ? error.message : String(error)}). Check the connection and try again.`;

export function useLive(scene: Scene, lab: () => Promise<LabStore>): Live {
  const { recordings, lesson } = scene;
  const [held, setHeld] = useState<Held | null>(null);
  const [loading, setLoading] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const store = held?.store ?? null;
  const read = useCallback((): LabState | null => store?.getState() ?? null, [store]);
  const subscribe = useCallback(
    (changed: () => void) => (store === null ? nothing() : store.subscribe(changed)),
    [store],
  );
  const state = useSyncExternalStore(subscribe, read);
  const all = state?.runs ?? null;
  const runs = useMemo(() => {
    if (held === null || all === null) return [];
    const find = (id: string, student: Student, name: string, rescued: boolean): LiveRun[] => {
      const run = all.find((one) => one.id === id);
      return run === undefined ? [] : [{ student, run, name, rescued }];
    };
    const { both, rescues } = held;
    return [
      ...(both === null
        ? []
        : students.flatMap((who) => find(both[who], who, lesson.students[who].name, false))),
      ...rescues.flatMap((id, i) => find(id, 'a', `Rescued${i === 0 ? '' : ` ${i + 1}`}`, true)),
    ];
  }, [all, held, lesson]);
  const lines = useMemo(
    () => runs.map(({ run, ...who }): LiveLine => ({ id: run.id, run: liveStudent(run), ...pick(who) })),
    [runs],
  );
  const recorded = useMemo(() => {
    const { settings, view } = recordings.a;
    // At the last one nothing is learned any more.
    return recordedMoments({ ...view, settings }).filter(({ place }) => place.phase !== 'evaluation');
  }, [recordings]);
  const made = held?.both?.a;
  const kept = made === undefined ? [] : (state?.library.kept[made]?.moments ?? []);
  const fromRecording = made === undefined;

  const begin = (start: (opened: LabStore) => Promise<Held>) => {
    setLoading(true);
    setFailure(null);
    const opening = store === null ? lab() : Promise.resolve(store);
    opening
      .then(start, (error: unknown) => Promise.reject(new Error(notLoaded(error))))
      .then(setHeld, (error: unknown) => setFailure(error instanceof Error ? error.message : String(error)))
      .finally(() => setLoading(false));
  };
  const train = () =>
    begin(async (opened) => {
      const plans = students.map((who): RunPlan => {
        const { settings, presetName } = recordings[who];
        return { settings, presetName, name: `${lesson.students[who].name}, ${lesson.title}` };
      });
      const [a, b] = opened.actions.startRuns(plans);
      if (a === undefined || b === undefined) throw new Error('The runs were not started; try again.');
      return { store: opened, both: { a, b }, rescues: held?.rescues ?? [] };
    });
  const rescue = ({ number }: KeptMoment, path: string, value: number) =>
    begin(async (opened) => {
      const { actions } = opened;
      const parent = made ?? (await actions.openRecording(lesson.students.a.file));
      const fork = parent === null ? null : await actions.forkRun(parent, number, path, value);
      if (fork === null)
        throw new Error(opened.getState().notices.at(-1) ?? 'The rescue was not started; try again.');
      return { store: opened, both: held?.both ?? null, rescues: [...(held?.rescues ?? []), fork] };
    });
  const each = (act: (store: LabStore, id: string) => void) => {
    if (held !== null) for (const { run } of runs) act(held.store, run.id);
  };
  return {
    state: held !== null ? (held.both === null ? 'rescue' : 'both') : loading ? 'loading' : 'none',
    ...{ runs, lines, failure, train, rescue, fromRecording },
    moments: fromRecording ? recorded : kept,
    pause: () => each(({ actions }, id) => actions.pauseRun(id)),
    resume: () => each(({ actions }, id) => actions.resumeRun(id)),
    leave: () => {
      each(({ actions }, id) => actions.stopRun(id));
      setHeld(null);
    },
  };
}

const pick = ({ student, name, rescued }: Omit<LiveRun, 'run'>) => ({ student, name, rescued });
