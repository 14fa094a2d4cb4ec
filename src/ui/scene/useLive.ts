/**
 * The lesson's two runs made again on this machine: started together through the lab's list of runs, and seen through the same eyes as
 * the recordings. The lab's code and its workers are loaded when a person asks for them.
 */
import { useCallback, useMemo, useState, useSyncExternalStore } from 'react';
import { liveStudent } from '../../lab/lesson/pair.ts';
import type { KeptMoment, LabState, LabStore, RunPlan, RunState } from '../../lab/state.ts';
import { students, type Student } from '../../recipes/lessons.ts';
import type { LiveLine } from './HeroChart.tsx';
import type { Scene } from './useScene.ts';

export interface LiveRun {
  readonly student: Student;
  readonly run: RunState;
}

export interface Live {
  /** Nothing is live, the lab is being loaded, or there are runs. */
  readonly state: 'none' | 'loading' | 'live';
  readonly runs: readonly LiveRun[];
  readonly lines: readonly LiveLine[];
  /** What went wrong while the lab was loaded. */
  readonly failure: string | null;
  readonly train: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Kept moments of student a's run, where a rescue can begin, oldest first. */
  readonly moments: readonly KeptMoment[];
  /** Go on from a kept moment of student a's run with one setting changed. */
  readonly rescue: (moment: KeptMoment, path: string, value: number) => void;
  /** Stop the runs and go back to the recordings; they stay in the lab's list. */
  readonly leave: () => void;
}

interface Held {
  readonly store: LabStore;
  readonly ids: Readonly<Partial<Record<Student, string>>>;
}

const nothing = () => () => undefined;

export function useLive(scene: Scene, lab: () => Promise<LabStore>): Live {
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
  const runs = useMemo(
    () =>
      students.flatMap((student): LiveRun[] => {
        const run = all?.find(({ id }) => id === held?.ids[student]);
        return run === undefined ? [] : [{ student, run }];
      }),
    [all, held],
  );
  const saved = held?.ids.a;
  const rescued = useMemo(
    () => (saved === undefined ? [] : (all ?? []).filter(({ parent }) => parent?.id === saved)),
    [all, saved],
  );
  const { recordings, lesson } = scene;
  const lines = useMemo(
    (): readonly LiveLine[] => [
      ...runs.map(({ student, run }) => ({
        student,
        name: lesson.students[student].name,
        run: liveStudent(run),
        rescued: false,
      })),
      ...rescued.map((run, i) => ({
        student: 'a' as const,
        name: `Rescued${i === 0 ? '' : ` ${i + 1}`}`,
        run: liveStudent(run),
        rescued: true,
      })),
    ],
    [runs, rescued, lesson],
  );
  const train = () => {
    setLoading(true);
    setFailure(null);
    lab().then(
      (opened) => {
        const plans = students.map((who): RunPlan => {
          const { settings, presetName } = recordings[who];
          return { settings, presetName, name: `${lesson.students[who].name}, ${lesson.title}` };
        });
        const [a, b] = opened.actions.startRuns(plans);
        setHeld({
          store: opened,
          ids: { ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) },
        });
        setLoading(false);
      },
      (error: unknown) => {
        setFailure(
          `The lab could not be loaded (${error instanceof Error ? error.message : String(error)}). Check the connection and try again.`,
        );
        setLoading(false);
      },
    );
  };
  const each = (act: (store: LabStore, id: string) => void) => {
    if (held !== null) for (const { run } of runs) act(held.store, run.id);
  };
  return {
    state: held !== null ? 'live' : loading ? 'loading' : 'none',
    ...{ runs, lines, failure, train },
    pause: () => each(({ actions }, id) => actions.pauseRun(id)),
    resume: () => each(({ actions }, id) => actions.resumeRun(id)),
    moments: (saved === undefined ? null : state?.library.kept[saved]?.moments) ?? [],
    rescue: ({ number }, path, value) => {
      if (held !== null && saved !== undefined) void held.store.actions.forkRun(saved, number, path, value);
    },
    leave: () => {
      for (const { id } of rescued) held?.store.actions.stopRun(id);
      each(({ actions }, id) => actions.stopRun(id));
      setHeld(null);
    },
  };
}
