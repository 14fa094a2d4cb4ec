/**
 * What a live run has measured, and the checkpoint that it can go back to.
 *
 * Invariant (resume.test.ts): a session that is rewound to its checkpoint shows exactly what it showed when the checkpoint was taken:
 * series, phases and their times, rounds, benchmarks, alarm. What comes after is appended as if nothing had happened.
 */
import type { RecordedRun } from '../record/recordedRun.ts';
import { RunSeries, type SeriesMark } from '../record/runSeries.ts';
import { emptyRun, reduceRun, type RunView } from '../record/runView.ts';
import type { RunEvent } from '../train/events.ts';
import type { RunSettings } from '../train/settings.ts';
import type { CheckpointPlace } from '../worker/protocol.ts';

/** The newest checkpoint of a run, and what had been seen by then. */
export interface SessionCheckpoint {
  readonly place: CheckpointPlace;
  readonly bytes: Uint8Array;
  readonly view: RunView;
  readonly mark: SeriesMark;
  readonly seconds: number; // of active run time
}

export interface Session {
  readonly settings: RunSettings;
  readonly series: RunSeries;
  readonly view: RunView;
  readonly checkpoint: SessionCheckpoint | null;
}

export function newSession(settings: RunSettings): Session {
  return { settings, series: new RunSeries(), view: emptyRun(settings), checkpoint: null };
}

/**
 * The session of a run that was kept.
 * @param record null where nothing was measured
 * @param checkpoint taken of what the record shows
 */
export function restoredSession(
  settings: RunSettings,
  record: RecordedRun | null,
  checkpoint: Pick<SessionCheckpoint, 'place' | 'bytes' | 'seconds'> | null,
): Session {
  const session: Session =
    record === null
      ? newSession(settings)
      : { settings, series: new RunSeries(record.series), view: record.view, checkpoint: null };
  if (checkpoint === null) return session;
  const { place, bytes, seconds } = checkpoint;
  return withCheckpoint(session, place, bytes, seconds);
}

/** @param at seconds of active run time at which the events arrived */
export function withEvents(session: Session, events: readonly RunEvent[], at: number): Session {
  let { view } = session;
  for (const event of events) {
    view = reduceRun(view, event, session.settings, at);
    session.series.add(event);
  }
  return { ...session, view };
}

/** A checkpoint was taken of what is shown now. */
export function withCheckpoint(
  session: Session,
  place: CheckpointPlace,
  bytes: Uint8Array,
  seconds: number,
): Session {
  const { view, series } = session;
  return { ...session, checkpoint: { place, bytes, seconds, view, mark: series.mark() } };
}

export function rewound(session: Session, checkpoint: SessionCheckpoint): Session {
  return { ...session, view: checkpoint.view, series: session.series.rewoundTo(checkpoint.mark) };
}
