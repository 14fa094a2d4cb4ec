import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cell } from '../study/cell.ts';
import { exampleStudyRun } from '../study/testing/exampleStudy.ts';
import { StudyCells } from './studyCells.ts';
import { parseStudyOptions, type Job } from './studyOptions.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cells-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function jobs(experiment: string, ...words: string[]): readonly Job[] {
  const options = parseStudyOptions([experiment, ...words]);
  if (options === 'help') throw new Error('help was not asked for');
  return options.jobs;
}

function cellOf(job: Job, start = 'a base'): Cell {
  return {
    ...{ format: 'aster-lab-cell', version: 1, experiment: 'choice', preset: 'nano', commit: 'abc' },
    ...{ machine: 'm', engineBuild: null, threads: 1, start, settings: job.settings },
    run: { ...exampleStudyRun(job.variant.name, job.seed, [1, 2]) },
  };
}

describe('the cells of a study', () => {
  const cellsOf = (experiment: string, start: string | null = 'a base') =>
    new StudyCells(join(folder, experiment), () => start);

  it('are missing, then there; nothing is left beside them', () => {
    const cells = cellsOf('choice-nano');
    const [job] = jobs('choice', '--seeds', '1');
    expect(cells.state(job!)).toEqual({ kind: 'missing' });
    cells.write(job!, cellOf(job!));
    expect(cells.state(job!)).toMatchObject({ kind: 'there', cell: { run: { variant: 'dense' } } });
    expect(readdirSync(join(folder, 'choice-nano'))).toEqual(['dense-1.json']);
  });

  it('are stale where settings, base or file are not what they were', () => {
    const [job] = jobs('choice', '--seeds', '1');
    const [changed] = jobs('choice', '--seeds', '1', '--set', 'grpo.clipHigh=0.3');
    cellsOf('choice-nano').write(job!, cellOf(job!));
    expect(cellsOf('choice-nano').state(changed!)).toMatchObject({
      kind: 'stale',
      reason: 'other settings (grpo.clipHigh)',
    });
    expect(cellsOf('choice-nano', 'another base').state(job!)).toMatchObject({ kind: 'stale' });
    expect(cellsOf('choice-nano', null).state(job!).kind).toBe('there');
    writeFileSync(join(folder, 'choice-nano', 'dense-1.json'), '{"cut');
    expect(cellsOf('choice-nano').state(job!)).toMatchObject({
      kind: 'stale',
      reason: expect.stringContaining('not a JSON') as string,
    });
  });

  it('are taken over from another experiment whose run is the same one', () => {
    const sparse = jobs('choice', '--seeds', '1,2').find(({ variant }) => variant.name === 'sparse')!;
    cellsOf('choice-nano').write(sparse, cellOf(sparse));
    const prior = cellsOf('prior-nano');
    const [same, other] = jobs('prior', '--seeds', '1');
    expect(prior.elsewhere(same!, 'prior')).toMatchObject({
      experiment: 'prior',
      run: { variant: 'mixed-0', seed: 1 },
    });
    expect(prior.elsewhere(other!, 'prior')).toBeNull(); // another base
    expect(cellsOf('prior-nano', 'made anew').elsewhere(same!, 'prior')).toBeNull();
  });
});
