import { expect, it } from 'vitest';
import { edgesOf, heatCells, heatRows } from './heatCells.ts';

it('has every trajectory in one cell of its column, the many-callers in the top one', () => {
  const columns = [
    { round: 1, through: 1, counts: [2, 0, 1] },
    { round: 2, through: 3, counts: [...Array.from({ length: 30 }, () => 0), 5] },
  ];
  const rows = heatRows(columns, 1);
  expect(rows).toBe(20);
  const cells = heatCells(columns, rows, ({ round, through }) => edgesOf(round, through, (r) => r, true));
  expect(cells.map(({ from, to, row, count }) => [from, to, row, count])).toEqual([
    [0.5, 1.5, 0, 2],
    [0.5, 1.5, 2, 1],
    [1.5, 3.5, 19, 5],
  ]);
  expect(cells.map(({ share }) => share)).toEqual([2 / 3, 1 / 3, 1]);
});

it('begins a round where the one before ended, in tokens', () => {
  expect(edgesOf(2, 3, (round) => 40 * round, false)).toEqual([40, 120]);
});
