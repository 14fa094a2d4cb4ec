/** The training path against PyTorch's numbers (fixtures): logits, log-probabilities, losses, every gradient, ten AdamW steps. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NamedTensor, PolicyConfig } from '../../policy/config.ts';
import { readSafetensors, type StoredTensor } from '../../policy/safetensors.ts';
import type { BatchLoss, GrpoSequence } from '../engine.ts';
import oddJson from '../fixtures/odd.json';
import oddUrl from '../fixtures/odd.safetensors?url';
import tinyJson from '../fixtures/tiny.json';
import tinyUrl from '../fixtures/tiny.safetensors?url';
import { openDevice, type Gpu } from './device.ts';
import { FlatParameters } from './flatParameters.ts';
import { KernelLibrary } from './kernels.ts';
import { Trainer } from './trainer.ts';

const bytesOf = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());

let gpu: Gpu;
let library: KernelLibrary | undefined;
beforeAll(async () => {
  gpu = await openDevice(navigator.gpu);
});
afterAll(() => {
  gpu.destroy();
});

const fixtures = await Promise.all(
  [
    { name: 'tiny', json: tinyJson, url: tinyUrl },
    { name: 'odd', json: oddJson, url: oddUrl },
  ].map(async (f) => ({ ...f, stored: readSafetensors(await bytesOf(f.url)).tensors })),
);

describe.each(fixtures)('fixture $name', ({ json, stored }) => {
  const c = json.config;
  const config: PolicyConfig = {
    vocabularySize: c.vocab_size,
    hiddenSize: c.hidden_size,
    layers: c.num_hidden_layers,
    heads: c.num_attention_heads,
    kvHeads: c.num_key_value_heads,
    headDim: c.head_dim,
    intermediateSize: c.intermediate_size,
    rmsNormEps: c.rms_norm_eps,
    ropeTheta: c.rope_theta,
    tieWordEmbeddings: c.tie_word_embeddings,
  };
  const get = (name: string): StoredTensor => {
    const t = stored.get(name);
    if (!t) throw new Error(`no ${name}`);
    return t;
  };
  const group = (prefix: string) =>
    new Map(
      [...stored]
        .filter(([n]) => n.startsWith(prefix))
        .map(([n, t]) => [n.slice(prefix.length), t as NamedTensor]),
    );
  const rows = json.rows,
    time = json.time;
  const lengths = [...get('in/length').data];
  const cut = (name: string, r: number) => get(name).data.slice(r * time, r * time + (lengths[r] ?? 0));
  const sequences: GrpoSequence[] = Array.from({ length: rows }, (_, r) => ({
    tokens: cut('in/tokens', r) as Int32Array,
    lossMask: Uint8Array.from(cut('in/loss_mask', r)),
    advantage: get('in/advantage').data[r] ?? 0,
    oldLogProbs: cut('in/old_logprob', r) as Float32Array,
    samplerLogProbs: cut('in/tis_logprob', r) as Float32Array,
  }));
  const sft: BatchLoss = { kind: 'sft', sequences };
  const grpo: BatchLoss = {
    kind: 'grpo',
    sequences,
    objective: {
      clipLow: 0.2,
      clipHigh: 0.28,
      dualClip: 10,
      tisCap: 2,
      entropyCoefficient: 0,
      klCoefficient: 0,
      temperature: 1,
    },
  };
  const make = async (maxRows?: number) => {
    library ??= new KernelLibrary(gpu);
    const parameters = await FlatParameters.create(gpu, library, config, 2 ** 30);
    parameters.load(group('w/'));
    return { parameters, trainer: new Trainer(gpu, library, config, parameters, 2 ** 30, maxRows) };
  };
  const worst = (got: ReadonlyMap<string, NamedTensor>, want: ReadonlyMap<string, NamedTensor>) => {
    const out: Record<string, number> = {};
    for (const [n, t] of want) {
      const g = got.get(n);
      let d = 0,
        s = 0;
      t.data.forEach((v, i) => {
        d = Math.max(d, Math.abs(v - (g?.data[i] ?? NaN)));
        s = Math.max(s, Math.abs(v));
      });
      out[n] = d / (s + 1e-12);
    }
    return out;
  };
  const assertClose = (w: Record<string, number>, tolerance: number) => {
    const bad = Object.entries(w).filter(([, v]) => !(v < tolerance));
    expect(bad).toEqual([]);
  };

  test('logits and log-probabilities', async () => {
    const { trainer } = await make();
    const logits = await trainer.logits(sequences[0]!.tokens);
    const want = get('out/logits').data;
    let d = 0;
    logits.forEach((v, i) => (d = Math.max(d, Math.abs(v - want[i]!))));
    expect(d).toBeLessThan(1e-4);
    const lp = await trainer.logProbs(sequences, 1);
    lp.forEach((one, r) => {
      const w = cut('out/logprob', r),
        e = cut('out/entropy', r);
      one.logProbs.forEach((v, t) => expect(Math.abs(v - w[t]!)).toBeLessThan(1e-4));
      one.entropies.forEach((v, t) => expect(Math.abs(v - e[t]!)).toBeLessThan(1e-4));
    });
  });
  test.each([undefined, 64])('gradients, micro-batches of at most %s rows', async (maxRows) => {
    const { trainer, parameters } = await make(maxRows);
    const s = await trainer.run(sft, undefined);
    expect(s.loss).toBeCloseTo(json.sft_loss, 4);
    expect(s.gradNorm).toBeCloseTo(json.sft_grad_norm, 3);
    assertClose(worst(await parameters.read('gradient'), group('out/sft_grad/')), 1e-4);
    const g = await trainer.run(grpo, undefined);
    expect(g.loss).toBeCloseTo(json.grpo_loss, 4);
    expect(g).toMatchObject({ tokens: json.masked_tokens });
    assertClose(worst(await parameters.read('gradient'), group('out/grpo_grad/')), 1e-4);
  });
  test('ten AdamW steps', async () => {
    const { trainer, parameters } = await make();
    for (let i = 0; i < 10; i++) {
      const s = await trainer.run(sft, {
        learningRate: 1e-3,
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weightDecay: 0.1,
        maxGradNorm: 1,
      });
      expect(Math.abs(s.loss - json.adamw_losses[i]!)).toBeLessThan(1e-3);
      expect(Math.abs(s.gradNorm / json.adamw_grad_norms[i]! - 1)).toBeLessThan(1e-3);
    }
    assertClose(worst(await parameters.read('parameters'), group('out/adamw10/')), 1e-3);
  });
});
