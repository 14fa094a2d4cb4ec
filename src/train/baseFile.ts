/**
 * A base's files, `bases/<name>.safetensors` (float16) and its card `bases/<name>.json`, and the list of those there are, `bases/index.json`.
 *
 * Invariant: the card says how the weights were made, so that the same command makes them again, and carries their SHA-256.
 */
import { z } from 'zod';
import { baseNames } from '../policy/baseNames.ts';
import { policyPresetNames, type NamedTensors } from '../policy/config.ts';

const count = z.int().min(0);
const shareSchema = z.object({ right: count, of: count });

const accuracySchema = z.object({
  /** By number of steps. */
  byLength: z.array(shareSchema.extend({ length: count, calls: z.number() })),
  /** By operation: single steps in the head, tried where everything before was right. */
  byOperation: z.record(z.string(), shareSchema),
});

export const baseCardSchema = z.object({
  name: z.enum(baseNames),
  title: z.string(),
  description: z.string(),
  policy: z.enum(policyPresetNames),
  parameters: count,
  /** The base that it goes on from. */
  from: z.object({ name: z.string(), sha256: z.string().nullable() }).optional(),
  corpus: z.object({
    task: z.record(z.string(), z.union([z.string(), z.number()])),
    lengths: z.object({ min: count, max: count }),
    mixedShare: z.number(),
    mixedToolShares: z.string(),
    checkShare: z.number(),
  }),
  training: z.object({
    steps: count,
    batchSize: count,
    learningRate: z.number(),
    warmupSteps: count,
    finalRatio: z.number(),
    seed: count,
  }),
  trajectories: count,
  tokens: count,
  /** Tool calls a trajectory of the corpus. */
  callsPerTrajectory: z.number(),
  /** Mean loss of the steps up to each step, nats per token. */
  loss: z.array(z.object({ step: count, loss: z.number() })),
  /** Held-out problems at temperature 1, with the weights as they are stored. */
  accuracy: accuracySchema,
  /** The same by length, before they were rounded to float16. */
  accuracyFloat32: accuracySchema.pick({ byLength: true }),
  sha256: z.string(),
  bytes: count,
  seconds: z.number(),
  command: z.string(),
  commit: z.string().nullable(),
  versions: z.record(z.string(), z.string()),
  engine: z.object({ engine: z.string(), build: z.string(), threads: count, adapter: z.string() }),
});
export type BaseCard = z.output<typeof baseCardSchema>;

export const baseIndexSchema = z.array(
  z.object({
    name: z.enum(baseNames),
    title: z.string(),
    description: z.string(),
    policy: z.enum(policyPresetNames),
    bytes: count,
    sha256: z.string(),
  }),
);

/** Which base a run began from, for its records. */
export interface BaseOrigin {
  readonly name: string;
  /** Of the file; null where it could not be computed. */
  readonly sha256: string | null;
}

/** What a run begins with. */
export interface StartingWeights {
  readonly tensors: NamedTensors;
  readonly base: BaseOrigin;
}

/** A base's weights file, below the folder that holds the bases. */
export function baseWeightsFile(name: string): string {
  return `${name}.safetensors`;
}
