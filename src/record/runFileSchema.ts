/**
 * The shape of an exported run, format `aster-lab-run`, version 1, as zod checks it when a file is opened. What is added later is
 * optional; a change of meaning is a new version.
 */
import { z } from 'zod';
import * as limits from '../foreign/limits.ts';
import { count, listOf, measured, name, text } from '../foreign/schema.ts';
import { dropReasons } from '../curation/curate.ts';
import { benchmarkNames } from '../tasks/problems.ts';
import { phaseNames } from '../train/events.ts';
import { keptWeightsSchema } from './keptWeights.ts';
import { probeSchema } from './probe.ts';
import { problemSchema, scoredSchema, trajectorySchema } from './trajectoryFile.ts';

/** Seconds, rates, contexts. */
const amount = z.number().min(0).max(limits.counted);
const histogram = listOf(count, limits.bars);
const numbersByName = z.record(name, measured);
/** One row of an examination's table; a study's file has the same. */
export const benchmarkResultSchema = z.object({
  phase: z.enum(['baseline', 'evaluation']),
  benchmark: z.enum(benchmarkNames),
  budget: z.enum(['short', 'long']),
  context: count,
  calls: count,
  k: count,
  problems: count,
  meanAtK: measured,
  passAtK: measured,
  temperature: measured.optional(),
  standardError: measured.optional(),
  toolCalls: measured,
  toolCallsError: measured.optional(),
  truncated: measured,
  responseLength: measured,
});
/** Metrics by name; their number is bounded where unknown ones are left out. */
const columnsSchema = z.object({
  x: listOf(count, limits.points),
  metrics: z.record(name, listOf(measured.nullable(), limits.points)),
});
const curationSchema = z.object({
  pool: count,
  kept: count,
  dropped: z.record(z.enum(dropReasons), count),
  poolHistogram: histogram,
  soundHistogram: histogram,
  keptHistogram: histogram,
  examples: z.record(z.enum([...dropReasons, 'kept']), listOf(trajectorySchema, limits.curated)),
});

export const fileSchema = z.object({
  recordedAt: name,
  origin: z.object({
    versions: z.record(name, name),
    userAgent: text,
    commit: name.optional(),
  }),
  settings: z.unknown(),
  preset: name,
  base: z.object({ name, sha256: name.nullable() }).optional(),
  engine: z
    .object({
      engine: z.enum(['tfjs', 'wgsl', 'simd']),
      backend: name,
      adapter: name,
      isSoftware: z.boolean().optional(),
      threads: count.optional(),
      build: z.enum(['plain', 'relaxed']).optional(),
      reason: text,
      memory: listOf(z.object({ name, bytes: z.int().min(0) }), 64).optional(),
    })
    .nullable(),
  sandbox: name.nullable(),
  parameters: z.int().min(0).nullable(),
  elapsedSeconds: amount,
  tokensPerSecond: amount,
  weights: z.array(keptWeightsSchema).max(64).optional(),
  phases: listOf(
    z.object({
      name: z.enum(phaseNames),
      status: z.enum(['waiting', 'active', 'done']),
      done: amount,
      total: amount,
      unit: name,
      detail: name,
      round: count,
    }),
    phaseNames.length,
  ),
  series: z.object({
    rounds: columnsSchema,
    sft: columnsSchema,
    histograms: listOf(z.object({ round: count, counts: histogram }), limits.keptRounds),
    latest: numbersByName,
  }),
  benchmarks: listOf(benchmarkResultSchema, limits.results),
  collapse: z.object({
    reference: z.object({ round: count, density: measured, trajectories: count.optional() }).nullable(),
    threshold: measured.nullable(),
    alarm: z.object({ round: count, since: count.optional(), density: measured }).nullable(),
    rule: text,
  }),
  curation: z.object({ report: curationSchema, kept: listOf(trajectorySchema, limits.curated) }).nullable(),
  promptFilter: z
    .object({
      prompts: count,
      visited: count,
      dropped: count,
      otherLength: count.optional(),
      spare: count.optional(),
      added: count,
      filled: count.optional(),
      solvedHistogram: histogram,
    })
    .nullable(),
  probe: probeSchema.optional(),
  problems: listOf(problemSchema, limits.problems),
  rounds: listOf(
    z.object({
      round: count,
      phase: z.enum(phaseNames),
      trajectories: listOf(scoredSchema, limits.roundTrajectories),
    }),
    limits.keptRounds,
  ),
});
export type RunFile = z.output<typeof fileSchema>;
