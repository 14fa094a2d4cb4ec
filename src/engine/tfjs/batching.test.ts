import { expect, it } from 'vitest';
import { Random } from '../../random/random.ts';
import { bucketRows, bucketTime, packSequences, scatterToCells } from './batching.ts';

const limits = { tokens: 512, attentionScores: 60_000 };

it('packs every sequence once, whole, within the limits', () => {
  const random = new Random('packing');
  for (let round = 0; round < 50; round++) {
    const sequences = Array.from({ length: random.integer(1, 40) }, () => ({
      tokens: Int32Array.from({ length: random.integer(1, 120) }, () => random.integer(1, 50)),
    }));
    const batches = packSequences(sequences, 4, limits);
    expect(batches.flatMap((batch) => batch.members).sort((a, b) => a - b)).toEqual([...sequences.keys()]);
    for (const { rows, time, members, tokens, targets } of batches) {
      expect(rows).toBe(bucketRows(members.length));
      expect(tokens.length).toBe(rows * time);
      if (members.length > 1) {
        expect(rows * time).toBeLessThanOrEqual(limits.tokens);
        expect(rows * 4 * time * time).toBeLessThanOrEqual(limits.attentionScores);
      }
      members.forEach((member, row) => {
        const source = sequences[member]!.tokens;
        for (let p = 0; p + 1 < source.length; p++) {
          expect(tokens[row * time + p]).toBe(source[p]);
          expect(targets[row * time + p]).toBe(source[p + 1]);
        }
      });
    }
  }
});

it('uses few shapes', () => {
  expect([1, 2, 3, 4, 5, 7, 9, 13, 20, 33, 100].map(bucketRows)).toEqual([
    1, 2, 3, 4, 6, 8, 12, 16, 24, 48, 128,
  ]);
  expect([0, 1, 16, 17, 112].map(bucketTime)).toEqual([16, 16, 16, 32, 112]);
});

it('puts a number per token on the cell that predicts it', () => {
  const [batch] = packSequences([{ tokens: Int32Array.of(5, 6, 7) }], 1, limits);
  if (!batch) throw new Error('no batch');
  const cells = scatterToCells(
    batch,
    (_, token) => token * 10,
    () => 3,
  );
  expect([...cells.subarray(0, 4)]).toEqual([10, 20, 0, 0]);
});
