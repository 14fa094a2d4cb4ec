/**
 * Runs of this machine in the lesson: its two runs made again, started together through the lab's list of runs, or rescues of student a,
 * seen through the same eyes as the recordings. The lab's code and its workers are loaded when a person asks for them.
 *
 * A rescue begins at a moment that this browser kept of a run made here, and where there is none at a round of the recording whose
 * weights lie beside it.
 *
 * What was trained here is remembered (lab/lesson/trainedHere.ts): a person who comes back from the lab sees it go on, and one whose page
 * was closed is offered it.
 */
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { rememberedTraining, rememberTraining } from '../../lab/lesson/browser.ts';
import { liveStudent } from '../../lab/lesson/pair.ts';
import { isHeld, takeUp, type TrainedHere } from '../../lab/lesson/trainedHere.ts';
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
  /** All of them have come to their end. */
  readonly over: boolean;
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
  /** What was trained here on a page before this one, and is not shown. */
  readonly before: TrainedHere | null;
  /** Let that go on. */
  readonly takeUp: () => void;
  readonly forget: () => void;
}

/** The lab's store, made when first asked for. */
export interface LabAccess {
  readonly open: () => Promise<LabStore>;
  /** The store if it is there already. */
  readonly now: () => LabStore | null;
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

export function useLive(scene: Scene, lab: LabAccess): Live {
  const { recordings, lesson } = scene;
  const [before, setBefore] = useState(() => rememberedTraining(lesson.name));
  const [held, setHeld] = useState<Held | null>(() => {
    const now = lab.now();
    return now !== null && before !== null && isHeld(before, now.getState())
      ? { store: now, both: before.both, rescues: before.rescues }
      : null;
  });
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

  const over = runs.length > 0 && runs.every(({ run }) => run.status === 'done');
  useEffect(() => {
    if (held === null) return;
    const { both, rescues } = held;
    rememberTraining({ lesson: lesson.name, both, rescues: [...rescues], over });
  }, [held, over, lesson.name]);
  const forget = () => {
    rememberTraining(null);
    setBefore(null);
  };

  const begin = (start: (opened: LabStore) => Promise<Held>) => {
    setLoading(true);
    setFailure(null);
    const opening = store === null ? lab.open() : Promise.resolve(store);
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
    ...{ runs, over, lines, failure, train, rescue, fromRecording },
    moments: fromRecording ? recorded : kept,
    pause: () => each(({ actions }, id) => actions.pauseRun(id)),
    resume: () => held?.store.actions.resumeRuns(runs.map(({ run }) => run.id)),
    leave: () => {
      each(({ actions }, id) => actions.stopRun(id));
      forget();
      setHeld(null);
    },
    before: held === null ? before : null,
    takeUp: () => {
      if (before === null) return;
      begin(async (opened) => {
        const taken = await takeUp(opened, before);
        if (taken.ok) return { store: opened, both: before.both, rescues: before.rescues };
        if (taken.gone) forget();
        throw new Error(taken.message);
      });
    },
    forget,
  };
}

const pick = ({ student, name, rescued }: Omit<LiveRun, 'run'>) => ({ student, name, rescued });
