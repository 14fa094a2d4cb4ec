/**
 * The way back: what transformers wrote (src/export/python/check_model.py) is read here, and gives the same weights and the same logits.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSimdEngine } from '../engine/simd/simdEngine.ts';
import { readSafetensors } from '../policy/safetensors.ts';
import type { NamedTensors } from '../policy/config.ts';
import { readModelPath } from './modelFiles.ts';

/** @param folder what the checks wrote into. @throws where a model comes back otherwise than it left */
export async function checkBack(folder: string): Promise<void> {
  const ours = readModelPath(join(folder, 'model'));
  for (const kind of ['whole', 'shards'] as const) {
    const back = readModelPath(join(folder, 'back', kind));
    if (largestGap(ours.tensors, back.tensors) !== 0)
      throw new Error(`The weights of back/${kind} are not the same bits.`);
  }
  console.log('ok    what save_pretrained wrote comes back bit for bit, whole and in shards');
  const brain = readModelPath(join(folder, 'back', 'bfloat16'));
  const gap = largestGap(ours.tensors, brain.tensors);
  if (gap === 0 || gap > 0.05) throw new Error(`bfloat16 comes back ${gap} away.`);
  console.log(`ok    bfloat16 comes back, ${gap.toExponential(1)} away at most`);

  const odd = readModelPath(join(folder, 'back', 'odd'));
  const { tensors } = readSafetensors(readFileSync(join(folder, 'back', 'odd-logits.safetensors')));
  const [tokens, logits] = [tensors.get('tokens'), tensors.get('logits')];
  if (tokens?.dtype !== 'I32' || logits?.dtype !== 'F32')
    throw new Error('The logits to compare with are missing.');
  const engine = await createSimdEngine({ config: odd.config, threads: 1 });
  await engine.loadTensors(odd.tensors);
  const computed = await engine.logits(tokens.data);
  engine.dispose();
  const worst = computed.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (logits.data[i] ?? NaN))),
    0,
  );
  if (!(worst < 1e-4)) throw new Error(`The logits of a Qwen3 of another shape differ by ${worst}.`);
  console.log(
    `ok    a tied Qwen3 of an odd shape with its own rope_theta and rms_norm_eps gives transformers’ logits within ${worst.toExponential(1)}`,
  );
}

function largestGap(one: NamedTensors, other: NamedTensors): number {
  let most = 0;
  for (const [name, { data }] of one) {
    const values = other.get(name)?.data;
    if (values?.length !== data.length) return Infinity;
    for (let i = 0; i < data.length; i++) most = Math.max(most, Math.abs(data[i]! - values[i]!));
  }
  return most;
}
