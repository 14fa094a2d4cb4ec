import { describe, expect, it } from 'vitest';
import { keptRounds, keptWeightsFile, keptWeightsSchema, recordingWeightsPath } from './keptWeights.ts';

describe('kept weights', () => {
  it('are the first, the last, and others evenly between', () => {
    expect(keptRounds(2, 50, 6)).toEqual([2, 12, 22, 32, 42, 52]);
    expect(keptRounds(2, 3, 6)).toEqual([2, 3, 4, 5]);
    expect(keptRounds(2, 50, 1)).toEqual([52]);
    expect(keptRounds(2, 0, 4)).toEqual([2]);
    expect(keptRounds(2, 50, 0)).toEqual([]);
  });

  it('lie beside their recording', () => {
    const weights = [2, 12, 22].map((round) => ({ round, file: keptWeightsFile(round) }));
    expect(recordingWeightsPath('quick-dense.json.gz', weights[1]!)).toBe(
      'runs/quick-dense/round-12.safetensors',
    );
  });

  it('are never taken from elsewhere', () => {
    for (const file of [
      '../../x.safetensors',
      'https://a/round-1.safetensors',
      'round-1.json',
      'round-.safetensors',
    ])
      expect(keptWeightsSchema.safeParse({ round: 1, file }).success).toBe(false);
    expect(keptWeightsSchema.safeParse({ round: 1, file: 'round-1.safetensors' }).success).toBe(true);
  });
});
