/**
 * Seeded problem sets: training problems by index, and the three held-out benchmarks.
 *
 * Invariant: a question belongs to training or to the held-out set by a hash of its own text (one in ten is held out), so the
 * two are disjoint by construction, whatever the seeds, lengths and variants. A training problem depends only on the
 * settings, the stream, the seed and its index: asking for problem 7 never draws problems 0 to 6.
 */
import { Random } from '../random/random.ts';
import { problemFamily, type TaskSettings } from './families.ts';
import type { Problem, ProblemVariant } from './problem.ts';

/** Numbers of steps, both ends included; training draws them uniformly. */
export interface LengthRange {
  readonly min: number;
  readonly max: number;
}

export const benchmarkNames = ['inRange', 'longer', 'harder'] as const;
export type BenchmarkName = (typeof benchmarkNames)[number];

/** One question in this many is held out. */
const heldOutShare = 10;

/** Draws after which a set is taken to have no further question. */
const maximumDraws = 10_000;

/** True when the question is kept for evaluation and must never be trained on. */
export function isHeldOut(question: string): boolean {
  return hash32(question) % heldOutShare === 0;
}

/**
 * Training problem `index` of a stream (e.g. `cold-start`, `stage-1`).
 * @throws where the settings leave no training question, which no sound setting does.
 */
export function trainProblem(
  settings: TaskSettings,
  lengths: LengthRange,
  stream: string,
  seed: number,
  index: number,
): Problem {
  const family = problemFamily(settings);
  const random = new Random(seed).fork('problems', 'train', stream, index);
  for (let draw = 0; draw < maximumDraws; draw++) {
    const problem = family.generate(random.integer(lengths.min, lengths.max), random, 'standard');
    if (!isHeldOut(problem.question)) return { ...problem, id: `${family.name}/${stream}/${seed}/${index}` };
  }
  throw new Error('These task settings leave no question for training.');
}

/** Lengths and variant of a benchmark, given the lengths that training uses. */
export function benchmarkShift(
  name: BenchmarkName,
  lengths: LengthRange,
): { readonly lengths: LengthRange; readonly variant: ProblemVariant } {
  switch (name) {
    case 'inRange':
      return { lengths, variant: 'standard' };
    case 'longer':
      return { lengths: { min: lengths.max + 1, max: lengths.max + 2 }, variant: 'standard' };
    case 'harder':
      return { lengths, variant: 'harder' };
  }
}

/**
 * The first `size` held-out problems of a benchmark: different questions, lengths in turn so that every length has
 * its equal share.
 * @param lengths what training uses; the benchmark shifts it (`benchmarkShift`)
 * @throws where the settings have fewer held-out questions than `size`
 */
export function benchmarkProblems(
  settings: TaskSettings,
  lengths: LengthRange,
  name: BenchmarkName,
  seed: number,
  size: number,
): readonly Problem[] {
  const shift = benchmarkShift(name, lengths);
  const problems = heldOutProblems(settings, shift.lengths, shift.variant, name, seed, size);
  if (problems.length < size)
    throw new Error(
      `The benchmark "${name}" has only ${problems.length} different questions of ${size} asked for.`,
    );
  return problems;
}

/**
 * The held-out problems that a run is asked after every round (train/probe.ts): they depend on the task, the lengths and the seed alone.
 * @param lengths what stage 1 uses
 * @returns fewer than `size` where the settings have no more held-out questions
 */
export function probeProblems(
  settings: TaskSettings,
  lengths: LengthRange,
  seed: number,
  size: number,
): readonly Problem[] {
  return heldOutProblems(settings, lengths, 'standard', 'probe', seed, size);
}

/** Up to `size` different held-out questions, drawn from a fork named `set`, lengths in turn. */
function heldOutProblems(
  settings: TaskSettings,
  lengths: LengthRange,
  variant: ProblemVariant,
  set: string,
  seed: number,
  size: number,
): readonly Problem[] {
  const family = problemFamily(settings);
  const random = new Random(seed).fork('problems', 'held-out', set);
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (let draw = 0; draw < maximumDraws && problems.length < size;) {
    const length = lengths.min + (problems.length % (lengths.max - lengths.min + 1));
    const problem = family.generate(length, random, variant);
    if (!isHeldOut(problem.question) || seen.has(problem.question)) {
      draw++;
      continue;
    }
    draw = 0;
    seen.add(problem.question);
    problems.push({ ...problem, id: `${family.name}/${set}/${seed}/${problems.length}` });
  }
  return problems;
}

/** FNV-1a over UTF-16 units, then murmur3's finaliser, so that the remainder by ten is even. */
function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
