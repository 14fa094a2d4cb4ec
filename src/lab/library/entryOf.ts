/**
 * A run's entry in the library, from what the page knows of it.
 */
import type { KeptRun } from '../keptRun.ts';
import type { Replay } from '../replay.ts';
import type { RunController } from '../runController.ts';
import type { RunLabel } from '../runLabels.ts';
import { entryVersion, type RunEntry } from './runEntry.ts';

/** Of a run that was not kept before. @param createdAt ISO */
export function firstEntry(run: RunController | Replay, label: RunLabel, createdAt: string): RunEntry {
  const { settings, presetName } = run;
  return entryOf(run, label, {
    ...{ version: entryVersion, id: run.id, createdAt, label, settings, presetName },
    ...{ source: { kind: 'live' }, parent: null, status: 'interrupted', engine: null, phase: null, round: 0 },
    ...{ elapsedSeconds: 0, latest: {}, benchmarks: [], file: null, saves: [], deleted: false },
  });
}

/** The entry brought up to date with what the run shows. */
export function entryOf(run: RunController | Replay | KeptRun, label: RunLabel, before: RunEntry): RunEntry {
  if (run.kind === 'kept') return { ...before, label };
  const { source, parent, engine, phases, elapsedSeconds, series, benchmarks, status } = run.state;
  return {
    ...before,
    ...{ label, source, parent, elapsedSeconds, latest: { ...series.latest }, benchmarks: [...benchmarks] },
    status: status === 'done' ? 'done' : status === 'interrupted' ? 'stopped' : 'interrupted',
    engine: engine === null ? null : storedEngine(engine),
    phase: phases.findLast((phase) => phase.status !== 'waiting')?.name ?? null,
    round: series.rounds.at(-1)?.x ?? before.round,
  };
}

type StoredEngine = NonNullable<RunEntry['engine']>;

function storedEngine({
  engine,
  backend,
  adapter,
  isSoftware,
  reason,
  threads,
  build,
}: NonNullable<RunController['state']['engine']>): StoredEngine {
  return {
    ...{ engine, backend, adapter, isSoftware, reason },
    ...(threads === undefined ? {} : { threads }),
    ...(build === undefined ? {} : { build }),
  };
}
