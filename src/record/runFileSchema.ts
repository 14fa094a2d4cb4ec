/**
 * The shape of an exported run, format `aster-lab-run`, version 1, as zod checks it when a file is opened. What is added later is
 * optional; a change of meaning is a new version.
 */
import { z } from 'zod';
import { dropReasons } from '../curation/curate.ts';
import { benchmarkNames } from '../tasks/problems.ts';
import { phaseNames } from '../train/events.ts';
import { keptWeightsSchema } from './keptWeights.ts';
import { probeSchema } from './probe.ts';
import { problemSchema, scoredSchema, trajectorySchema } from './trajectoryFile.ts';

const count = z.int().min(0);
const number = z.number();
const histogram = z.array(count);
const numbersByName = z.record(z.string(), number);
const columnsSchema = z.object({
  x: z.array(number),
  metrics: z.record(z.string(), z.array(number.nullable())),
});
const curationSchema = z.object({
  pool: count,
  kept: count,
  dropped: z.record(z.enum(dropReasons), count),
  poolHistogram: histogram,
  soundHistogram: histogram,
  keptHistogram: histogram,
  examples: z.record(z.enum([...dropReasons, 'kept']), z.array(trajectorySchema)),
});

export const fileSchema = z.object({
  recordedAt: z.string(),
  origin: z.object({
    versions: z.record(z.string(), z.string()),
    userAgent: z.string(),
    commit: z.string().optional(),
  }),
  settings: z.unknown(),
  preset: z.string(),
  base: z.object({ name: z.string(), sha256: z.string().nullable() }).optional(),
  engine: z
    .object({
      engine: z.enum(['tfjs', 'wgsl', 'simd']),
      backend: z.string(),
      adapter: z.string(),
      isSoftware: z.boolean().optional(),
      threads: count.optional(),
      build: z.enum(['plain', 'relaxed']).optional(),
      reason: z.string(),
      memory: z.array(z.object({ name: z.string(), bytes: count })).optional(),
    })
    .nullable(),
  sandbox: z.string().nullable(),
  parameters: count.nullable(),
  elapsedSeconds: number,
  tokensPerSecond: number,
  weights: z.array(keptWeightsSchema).max(64).optional(),
  phases: z.array(
    z.object({
      name: z.enum(phaseNames),
      status: z.enum(['waiting', 'active', 'done']),
      done: number,
      total: number,
      unit: z.string(),
      detail: z.string(),
      round: number,
    }),
  ),
  series: z.object({
    rounds: columnsSchema,
    sft: columnsSchema,
    histograms: z.array(z.object({ round: number, counts: histogram })),
    latest: numbersByName,
  }),
  benchmarks: z.array(
    z.object({
      phase: z.enum(['baseline', 'evaluation']),
      benchmark: z.enum(benchmarkNames),
      budget: z.enum(['short', 'long']),
      context: number,
      calls: number,
      k: number,
      problems: number,
      meanAtK: number,
      passAtK: number,
      temperature: number.optional(),
      standardError: number.optional(),
      toolCalls: number,
      toolCallsError: number.optional(),
      truncated: number,
      responseLength: number,
    }),
  ),
  collapse: z.object({
    reference: z.object({ round: number, density: number, trajectories: count.optional() }).nullable(),
    threshold: number.nullable(),
    alarm: z.object({ round: number, since: number.optional(), density: number }).nullable(),
    rule: z.string(),
  }),
  curation: z.object({ report: curationSchema, kept: z.array(trajectorySchema) }).nullable(),
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
  problems: z.array(problemSchema),
  rounds: z.array(
    z.object({ round: number, phase: z.enum(phaseNames), trajectories: z.array(scoredSchema) }),
  ),
});
export type RunFile = z.output<typeof fileSchema>;
