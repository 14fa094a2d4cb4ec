/**
 * For tests only: a small study with two seeds of a variant that loses its calls, one of a variant that keeps them, and one that
 * only evaluates. Its numbers are made up.
 */
import type { Study, StudyRun } from '../study.ts';

/** A run whose rounds begin at 9 with these calls per trajectory; null where none was measured. */
export function exampleStudyRun(
  variant: string,
  seed: number,
  calls: readonly (number | null)[],
  alarm: number | null = null,
): StudyRun {
  const x = calls.map((_, i) => i + 9);
  const flat = (value: number | null) => x.map(() => value);
  const first = calls[0] ?? null;
  const benchmark = (phase: 'baseline' | 'evaluation', meanAtK: number) => ({
    ...{ phase, budget: 'short' as const, benchmark: 'inRange' as const },
    ...{ context: 78, calls: 50, k: 4, problems: 8, meanAtK, passAtK: 1 },
    ...{ toolCalls: 1, truncated: 0, responseLength: 30 },
  });
  return {
    ...{ variant, seed, engine: 'tfjs, one CPU core' },
    ...{ recordedAt: '2026-01-01T00:00:00.000Z', seconds: 60 * seed },
    rounds: {
      x,
      metrics: {
        'tool_use/avg_tool_calls_per_trajectory': [...calls],
        'critic/score/mean': flat(0.5),
        'actor/entropy': flat(0.1),
        'tool_use/at_most_2_ratio': flat(1),
        'tool_use/post_hoc_ratio': flat(null),
        'response_length/clip_ratio': flat(0),
      },
    },
    stage1: first === null ? null : 9,
    stage2: first === null ? null : 15,
    reference: first === null ? null : { round: 9, density: first },
    alarm: alarm === null ? null : { round: alarm, density: 0.5 },
    benchmarks: [benchmark('baseline', 0.2), benchmark('evaluation', 0.4)],
  };
}

/** Calls of twelve rounds that go from `before` to `after` in the third. */
const falling = (before: number, after: number) =>
  Array.from({ length: 12 }, (_, i) => (i < 2 ? before : after));

export function exampleStudy(): Study {
  return {
    format: 'aster-lab-study',
    version: 1,
    experiment: 'collapse',
    title: 'Interaction collapse',
    question: 'Does a sparse cold start lose its tool calls?',
    preset: 'quick',
    createdAt: '2026-01-02T03:04:05.000Z',
    commit: 'abcdef0123456789',
    variants: [
      { name: 'sparse', title: 'Sparse cold start' },
      { name: 'dense', title: 'Dense cold start' },
      { name: 'evaluated', title: 'Only evaluated' },
    ],
    runs: [
      exampleStudyRun('sparse', 1, falling(1, 0.25), 17),
      exampleStudyRun('sparse', 2, falling(2, 0.5)),
      exampleStudyRun('dense', 1, falling(4, 4)),
      exampleStudyRun('evaluated', 1, []),
    ],
  };
}
