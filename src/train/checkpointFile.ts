/**
 * A run's checkpoint as one safetensors file: the weights under their own names, AdamW's moments and the KL reference under
 * prefixes, and in the metadata the settings, the position and Hugging Face's config.
 *
 * Invariant: what is written reads back bit for bit; a file that is damaged, foreign or newer is a `CheckpointError` with one
 * sentence for people. Whoever only wants the weights gets them from such a file as from a plain one (`readWeights`).
 */
import { z } from 'zod';
import { parseJson } from '../foreign/json.ts';
import * as limits from '../foreign/limits.ts';
import { count, listOf, measured, name } from '../foreign/schema.ts';
import {
  checkComputation,
  checkTensors,
  embeddedConfig,
  huggingFaceConfig,
  readCheckpoint,
  type CheckpointContext,
} from '../policy/checkpoint.ts';
import {
  policyConfig,
  type NamedTensor,
  type NamedTensors,
  type PolicyPresetName,
} from '../policy/config.ts';
import {
  CheckpointError,
  readSafetensors,
  writeSafetensors,
  type StoredTensor,
} from '../policy/safetensors.ts';
import { tokenIds, vocabularySize } from '../tasks/vocabulary.ts';
import { resumablePhases, type RunCheckpoint } from './checkpoint.ts';
import { runPolicy } from './runPolicy.ts';
import { longestContext, runSettingsSchema, withOlderLetters, type RunSettings } from './settings.ts';

const format = 'aster-lab-checkpoint';
const version = 2; // 2: `ahead`
const prefixes = { m: 'optimizer.m.', v: 'optimizer.v.', reference: 'reference.' } as const;

const headSchema = z.looseObject({ format: z.literal(format), version: z.number() });
const bodySchema = z.object({
  settings: z.preprocess(withOlderLetters, runSettingsSchema),
  optimizerStep: count,
  position: z.object({
    phase: z.enum(resumablePhases),
    done: count,
    round: count,
    trajectories: count,
    collapse: z.object({
      reference: measured.nullable(),
      sampled: count,
      average: measured,
      below: count,
      since: count.nullable(),
      alarm: z.object({ round: count, since: count, density: measured }).nullable(),
    }),
    solved: listOf(z.tuple([name, count]), limits.problems),
    ahead: z.object({ loss: measured, gradNorm: measured, tokens: count }).nullable().exactOptional(),
  }),
});

export function writeRunCheckpoint(checkpoint: RunCheckpoint): Uint8Array {
  const { settings, position, tensors, optimizer, reference } = checkpoint;
  const stored = new Map<string, StoredTensor>();
  const add = (prefix: string, named: NamedTensors) => {
    for (const [name, { shape, data }] of named) stored.set(prefix + name, { dtype: 'F32', shape, data });
  };
  add('', tensors);
  add(prefixes.m, optimizer.m);
  add(prefixes.v, optimizer.v);
  if (reference !== null) add(prefixes.reference, reference);
  const shape = runPolicy(settings.policy);
  const config = huggingFaceConfig(shape, checkpointContext(settings));
  const run = { format, version, settings, optimizerStep: optimizer.step, position };
  return writeSafetensors({
    tensors: stored,
    metadata: { run: JSON.stringify(run), config: JSON.stringify(config) },
  });
}

/** What a checkpoint of a run's policy says beyond its shape. */
export function checkpointContext(settings: RunSettings): CheckpointContext {
  return {
    maxPositionEmbeddings: longestContext(settings),
    bosTokenId: tokenIds.imStart,
    eosTokenId: tokenIds.imEnd,
    padTokenId: tokenIds.pad,
  };
}

/**
 * The weights in a run's checkpoint, or in a plain one (policy/checkpoint.ts), for a policy of this preset, or of a run's settings.
 * @throws CheckpointError, also where the weights fit but were trained with another rotary base, epsilon or head size
 */
export function readWeights(
  bytes: Uint8Array,
  ofPolicy: PolicyPresetName | RunSettings['policy'],
): NamedTensors {
  const { tensors, metadata } = readSafetensors(bytes);
  const policy = typeof ofPolicy === 'string' ? policyConfig(ofPolicy, vocabularySize) : runPolicy(ofPolicy);
  const weights =
    metadata['run'] === undefined
      ? readCheckpoint(bytes)
      : { config: embeddedConfig(metadata), tensors: withPrefix(tensors, '') };
  const checked = checkTensors(policy, weights.tensors);
  checkComputation(weights.config, policy);
  return checked;
}

/** Sound, as far as can be told, but of a version that this lab does not know. */
export class NewerCheckpointError extends CheckpointError {}

/** @throws CheckpointError, for a newer version's NewerCheckpointError */
export function readRunCheckpoint(bytes: Uint8Array): RunCheckpoint {
  const { tensors, metadata } = readSafetensors(bytes);
  const json = parse(metadata['run']);
  const head = headSchema.safeParse(json);
  if (!head.success) {
    throw new CheckpointError('This file holds weights but no place in a run, so no run can go on from it.');
  }
  if (head.data.version > version) {
    throw new NewerCheckpointError(
      'This checkpoint was written by a newer version of the lab; update the lab to go on from it.',
    );
  }
  const body = bodySchema.safeParse(json);
  if (!body.success) {
    const where = body.error.issues[0]?.path.join('.') ?? '';
    throw new CheckpointError(`The checkpoint is damaged (at “${where}”).`);
  }
  const { settings, position, optimizerStep } = body.data;
  const config = runPolicy(settings.policy);
  const part = (prefix: string) => checkTensors(config, withPrefix(tensors, prefix));
  const hasReference = [...tensors.keys()].some((name) => name.startsWith(prefixes.reference));
  return {
    settings,
    position,
    tensors: part(''),
    optimizer: { step: optimizerStep, m: part(prefixes.m), v: part(prefixes.v) },
    reference: hasReference ? part(prefixes.reference) : null,
  };
}

function parse(text: string | undefined): unknown {
  const parsed = parseJson(text ?? '');
  return parsed.ok ? parsed.json : null;
}

/** The weights alone, of a file that may hold a whole run's checkpoint. */
export function weightsPart(tensors: ReadonlyMap<string, StoredTensor>): NamedTensors {
  return withPrefix(tensors, '');
}

/** The tensors whose names begin with `prefix`, without it; with the empty prefix those that have none. */
function withPrefix(tensors: ReadonlyMap<string, StoredTensor>, prefix: string): NamedTensors {
  const part = new Map<string, NamedTensor>();
  for (const [name, tensor] of tensors) {
    if (tensor.dtype !== 'F32' || !name.startsWith(prefix)) continue;
    if (prefix === '' && Object.values(prefixes).some((other) => name.startsWith(other))) continue;
    part.set(name.slice(prefix.length), { shape: tensor.shape, data: tensor.data });
  }
  return part;
}
