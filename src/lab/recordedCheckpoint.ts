/**
 * A moment of a recording as a run's checkpoint, so that a run can go on from it.
 *
 * A recording has the policy and what was measured, and neither AdamW's moments nor how each problem fared, so a fork of it is no
 * continuation bit for bit: weights were rounded to 16 bits, the optimizer begins afresh, and which problems are always solved is counted
 * from there on. The collapse alarm's memory is made again from the measured calls. Invariant (forks.test.ts): a fork shows
 * what had been measured by then, and nothing later.
 */
import { CollapseDetector, type CollapseMemory } from '../metrics/collapse.ts';
import type { MetricName } from '../metrics/registry.ts';
import type { NamedTensors } from '../policy/config.ts';
import type { RecordedRun } from '../record/recordedRun.ts';
import { cutRun } from '../record/replayFrame.ts';
import type { RunCheckpoint } from '../train/checkpoint.ts';
import { readWeights, writeRunCheckpoint } from '../train/checkpointFile.ts';
import type { CheckpointPlace } from '../worker/protocol.ts';
import { begun, recordedPlace } from './recordedMoments.ts';

const calls: MetricName = 'tool_use/avg_tool_calls_per_trajectory';

export interface RecordedMoment {
  readonly checkpoint: Uint8Array;
  readonly place: CheckpointPlace;
  /** What had been measured by then. */
  readonly record: RecordedRun;
}

/**
 * A recording's moment as a run's checkpoint.
 * @param weights the file of the round's weights
 * @param coldStart the file of the cold start's, where a KL penalty is to be measured from them
 * @throws CheckpointError with a sentence where a file holds no such policy
 */
export function recordedMoment(
  run: RecordedRun,
  round: number,
  weights: Uint8Array,
  coldStart: Uint8Array | null,
): RecordedMoment {
  const { settings } = run;
  const place = recordedPlace({ ...run.view, settings }, round);
  const tensors = readWeights(weights, settings.policy);
  const position: RunCheckpoint['position'] = {
    ...place,
    trajectories: numbersGiven(run, round),
    collapse: collapseMemory(run, round),
    solved: [],
  };
  const checkpoint = writeRunCheckpoint({
    ...{ settings, position, tensors },
    optimizer: { step: 0, m: zeros(tensors), v: zeros(tensors) },
    reference: coldStart === null ? null : readWeights(coldStart, settings.policy),
  });
  return { checkpoint, place, record: recordAt(run, place) };
}

/** Numbers only have to be new: they name Python's namespaces and seed its `random`. */
function numbersGiven({ settings }: RecordedRun, round: number): number {
  return round * settings.grpo.promptsPerStep * settings.grpo.groupSize;
}

/** What the alarm had seen by then. */
function collapseMemory({ settings, series, view }: RecordedRun, round: number): CollapseMemory {
  const detector = new CollapseDetector(settings.collapse);
  const first = begun(view, 'stage1') ?? round;
  const density = series.rounds.metrics[calls] ?? [];
  for (const [row, at] of series.rounds.x.entries()) {
    const value = density[row];
    if (at <= first || at > round || value === null || value === undefined) continue;
    detector.observe(at, value, settings.grpo.promptsPerStep * settings.grpo.groupSize);
  }
  return detector.memory;
}

/** The recording as it stood; after the cold start with its examination, which is behind as well. It was made by nobody here yet. */
function recordAt(run: RecordedRun, { phase, done, round }: CheckpointPlace): RecordedRun {
  const cut = cutRun(run, round);
  const taught = phase === 'stage1' && done === 0;
  const { view } = cut;
  return {
    ...cut,
    ...{ engine: null, sandbox: null, elapsedSeconds: 0, tokensPerSecond: 0 },
    view: {
      ...view,
      weights: [],
      phases: taught
        ? view.phases.map((track) => (track.name === 'baseline' ? trackOf(run, track) : track))
        : view.phases,
      benchmarks: taught ? run.view.benchmarks.filter((one) => one.phase === 'baseline') : view.benchmarks,
    },
  };
}

function trackOf<Track extends { readonly name: string }>(run: RecordedRun, track: Track) {
  return run.view.phases.find(({ name }) => name === track.name) ?? track;
}

function zeros(tensors: NamedTensors): NamedTensors {
  return new Map(
    [...tensors].map(([name, { shape, data }]) => [name, { shape, data: new Float32Array(data.length) }]),
  );
}
