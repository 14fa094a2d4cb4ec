import { describe, expect, it } from 'vitest';
import { batch, scored } from './testing/scoredBatch.ts';
import { inspected, inspectedSamples, tellingGroup } from './inspected.ts';

describe('the telling group', () => {
  it('is the one whose rewards are most mixed', () => {
    expect(tellingGroup(batch(4, 8, 2)).map(({ prompt }) => prompt)).toEqual(new Array(8).fill(2));
  });

  it('is filled up where groups are small', () => {
    const probes = Array.from({ length: 20 }, (_, prompt) => scored(prompt, 0, prompt % 2));
    expect(tellingGroup(probes)).toHaveLength(8);
    expect(tellingGroup([])).toEqual([]);
  });
});

describe('the rollouts that are kept to be read', () => {
  it('hold the telling group, in order, and are bounded', () => {
    const all = batch(64, 8, 60);
    const read = inspected(all);
    expect(read).toHaveLength(inspectedSamples);
    expect(read.map((one) => all.indexOf(one))).toEqual([
      ...Array(24).keys(),
      ...Array.from({ length: 8 }, (_, i) => 480 + i),
    ]);
    expect(inspected(read)).toEqual(read);
    expect(tellingGroup(read)).toEqual(tellingGroup(all));
  });
});
