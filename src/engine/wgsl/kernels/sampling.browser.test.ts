/**
 * sample.wgsl against its specification (src/policy/sampling.ts): the same token for the same uniform number, its
 * log-probability, and the slot it leaves; at odd vocabularies, temperatures and nuclei, over frozen slots too.
 */
import { expect, test } from 'vitest';
import { policyConfig } from '../../../policy/config.ts';
import { sampleToken, uniformAt, type SamplingSettings } from '../../../policy/sampling.ts';
import { describeKernels } from '../testing/kernelTesting.ts';
import { sample } from '../rollout/rolloutDispatches.ts';
import { slotStatus } from '../rollout/chunkPlan.ts';

const CHUNK = 32;
const settings: readonly SamplingSettings[] = [
  { temperature: 1, topP: 1 },
  { temperature: 0, topP: 1 },
  { temperature: 0.6, topP: 1 },
  { temperature: 1.4, topP: 0.9 },
  { temperature: 0.8, topP: 0.3 },
  { temperature: 1, topP: 1e-6 },
];

describeKernels('sampling', ({ harness, random, context }) => {
  test.each([1, 3, 7, 33, 65])('%d tokens: the draws of the specification', async (vocabulary) => {
    const rows = 65;
    const [seed, limit] = [0x9e3779b9, 40];
    const stride = Math.ceil(vocabulary / 4) * 4;
    // Coarse values, so that there are ties, which go to the lower id.
    const logits = Float32Array.from({ length: rows * stride }, () => Math.round(8 * random.normal()) / 4);
    const stopKinds = Uint32Array.from({ length: vocabulary }, (_, i) =>
      i % 5 === 1 ? slotStatus.turn : i % 5 === 3 ? slotStatus.ended : 0,
    );
    const active = Uint32Array.from({ length: rows }, (_, r) => rows - 1 - r);
    const slots = new Uint32Array(rows * 4);
    for (let slot = 0; slot < rows; slot++) {
      const status = slot % 9 === 4 ? slotStatus.turn : slotStatus.running;
      slots.set(
        [slot % vocabulary, random.integer(0, limit - 2), random.integer(0, 2 ** 31), status],
        slot * 4,
      );
    }
    for (const sampling of settings) {
      const uniforms = new ArrayBuffer(32);
      new Uint32Array(uniforms, 0, 4).set([seed, limit, limit, CHUNK]);
      new Float32Array(uniforms, 16, 2).set([sampling.temperature, sampling.topP]);
      const out = await harness().run(
        { logits, active, stopKinds, slots, output: new Float32Array(rows * CHUNK * 2) },
        { rows },
        (buffer, uniform) => [sample(context(policyConfig('micro', vocabulary), 1, buffer, uniform))],
        { rollout: new Uint32Array(uniforms) },
      );
      const output = out['output'] ?? new Float32Array();
      const after = new Uint32Array((out['slots'] ?? new Float32Array()).buffer);
      const tokens = new Uint32Array(output.buffer);
      active.forEach((slot, row) => {
        const [, position = 0, id = 0, status = 0] = slots.subarray(slot * 4, slot * 4 + 4);
        const left = [...after.subarray(slot * 4, slot * 4 + 4)];
        if (status !== slotStatus.running) {
          expect(left).toEqual([...slots.subarray(slot * 4, slot * 4 + 4)]);
          return;
        }
        const uniform = uniformAt(seed, id, position + 1);
        const drawn = sampleToken(logits, row * stride, vocabulary, sampling, uniform);
        const at = (slot * CHUNK + ((position + 1) % CHUNK)) * 2;
        expect(tokens[at]).toBe(drawn.token);
        expect(Math.abs(output[at + 1]! - drawn.logProb)).toBeLessThan(1e-5);
        const kind = stopKinds[drawn.token]!;
        const full = position + 2 >= limit ? slotStatus.full : slotStatus.running;
        expect(left).toEqual([drawn.token, position + 1, id, kind === 0 ? full : kind]);
      });
    }
  });
});
