/**
 * A short run's events, for tests.
 */
import { curate } from '../../curation/curate.ts';
import { Random } from '../../random/random.ts';
import type { RunEvent } from '../../train/events.ts';
import { batch, trajectory } from '../../train/testing/scoredBatch.ts';

/** A short run, as the trainer would tell it. */
export function exampleEvents(): RunEvent[] {
  const pool = Array.from({ length: 12 }, (_, i) =>
    trajectory(`chain/cold-start/1/${i}`, { sampled: false }),
  );
  const { report, kept } = curate(
    pool,
    { sparseMax: 0, denseMin: 1, bin: 'dense', keepZero: false, size: 8 },
    new Random(1),
  );
  const events: RunEvent[] = [
    { type: 'phase', phase: 'curation', total: 12, unit: 'trajectories', round: 0 },
    { type: 'curation', report, kept },
    { type: 'progress', phase: 'curation', done: 12 },
    { type: 'phase', phase: 'sft', total: 3, unit: 'steps', round: 0 },
  ];
  for (let step = 1; step <= 3; step++) {
    events.push({ type: 'sft', step, values: { 'train/loss': 4 / step, 'train/lr': 0.004 } });
    events.push({ type: 'progress', phase: 'sft', done: step });
  }
  events.push({ type: 'phase', phase: 'stage1', total: 12, unit: 'steps', round: 0 });
  for (let round = 1; round <= 12; round++) {
    const values = { 'tool_use/avg_tool_calls_per_trajectory': 5 / round, 'critic/score/mean': round / 12 };
    events.push({
      type: 'round',
      phase: 'stage1',
      round,
      step: round,
      values,
      callCounts: [12 - round, round],
    });
    events.push({ type: 'trajectories', phase: 'stage1', round, trajectories: batch(2, 8, round % 2) });
    if (round === 1) events.push({ type: 'collapseReference', round, density: 5 });
    events.push({ type: 'progress', phase: 'stage1', done: round, detail: `step ${round}` });
  }
  events.push({ type: 'collapsed', round: 12, density: 0.6 });
  events.push({
    type: 'promptFilter',
    report: { prompts: 32, visited: 24, dropped: 5, added: 5, solvedHistogram: [1, 2, 3, 4, 5, 4, 3, 1, 1] },
  });
  events.push({
    type: 'benchmark',
    result: {
      phase: 'evaluation',
      benchmark: 'longer',
      budget: 'long',
      context: 200,
      calls: 50,
      k: 4,
      problems: 64,
      meanAtK: 0.75,
      passAtK: 0.9,
      toolCalls: 6.5,
      truncated: 0.02,
      responseLength: 96.5,
    },
  });
  events.push({ type: 'done' });
  return events;
}
