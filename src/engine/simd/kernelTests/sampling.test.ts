/** The sampler against its specification (src/policy/sampling.ts): the same token for the same uniform number. */
import { expect, test } from 'vitest';
import { sampleToken, uniformAt, type SamplingSettings } from '../../../policy/sampling.ts';
import { describeKernels } from '../testing/openKernels.ts';

const settings: readonly SamplingSettings[] = [
  { temperature: 1, topP: 1 },
  { temperature: 0.6, topP: 0.9 },
  { temperature: 1.7, topP: 0.5 },
  { temperature: 0, topP: 1 },
];

describeKernels('sampling', ({ random, normal, call, put, room, read }) => {
  test.each(settings)('temperature $temperature, nucleus $topP: the specified token', (sampling) => {
    for (const vocabulary of [1, 2, 7, 61]) {
      for (let draw = 0; draw < 200; draw++) {
        const logits = normal(vocabulary).map((z) => 3 * z);
        if (draw % 5 === 0) logits.fill(1.5, vocabulary >> 1); // ties
        const uniform = random.uniform();
        const want = sampleToken(logits, 0, vocabulary, sampling, uniform);
        const [at, weights, logProb] = [put(logits), room(vocabulary), room(1)];
        const token = call().sampleToken(
          at,
          vocabulary,
          sampling.temperature,
          sampling.topP,
          uniform,
          weights,
          logProb,
        );
        expect(token).toBe(want.token);
        expect(Math.abs(read(logProb, 1)[0]! - want.logProb)).toBeLessThan(1e-5);
      }
    }
  });

  test('the same uniform numbers', () => {
    for (let i = 0; i < 100; i++) {
      const [seed, sequence, position] = [random.integer(0, 2 ** 32 - 1), i * 7919, i];
      expect(call().uniformAt(seed, sequence, position)).toBe(uniformAt(seed, sequence, position));
    }
  });
});
