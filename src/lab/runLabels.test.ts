import { describe, expect, it } from 'vitest';
import { presetSettings } from '../recipes/presets.ts';
import { firstLabel, freeName, runColours, type RunLabel } from './runLabels.ts';

const dense = presetSettings('quick');
const sparse = presetSettings('quick-sparse');

describe('the label of a new run', () => {
  it('gives sparse the first colour and dense the second, and neither to others while there are more', () => {
    expect(firstLabel('a', sparse, []).colour).toBe(0);
    expect(firstLabel('a', dense, []).colour).toBe(1);
    const taken = [firstLabel('a', dense, [])];
    for (let i = 0; i < 6; i++) taken.push(firstLabel('more', dense, taken));
    expect(taken.map(({ colour }) => colour)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(firstLabel('b', sparse, taken).colour).toBe(0);
  });

  it('gives no two of 64 runs the same colour and dash, and the first eight not the same dash', () => {
    const labels: RunLabel[] = [];
    for (let i = 0; i < runColours ** 2; i++)
      labels.push(firstLabel('run', i % 2 === 0 ? dense : sparse, labels));
    expect(new Set(labels.map(({ colour, dash }) => `${colour} ${dash}`)).size).toBe(64);
    expect(new Set(labels.slice(0, 8).map(({ dash }) => dash)).size).toBe(8);
    expect(new Set(labels.map(({ name }) => name)).size).toBe(64);
  });

  it('numbers a name that is taken', () => {
    expect(freeName('a', [])).toBe('a');
    expect(freeName('a', [{ name: 'a' }, { name: 'a (2)' }])).toBe('a (3)');
  });
});
