import { describe, expect, it } from 'vitest';
import { defaultSettings, withSetting, type RunSettings } from '../recipes/formModel.ts';
import type { RecordedRun } from '../record/recordedRun.ts';
import { RunSeries } from '../record/runSeries.ts';
import { emptyRun, reduceRun } from '../record/runView.ts';
import { exampleEvents } from '../record/testing/exampleRun.ts';
import { makeCell, readCell, staleReason, startWords, writeCell } from './cell.ts';

/** The example run, finished, as its file would give it. */
function recorded(settings: RunSettings): RecordedRun {
  const series = new RunSeries();
  let view = emptyRun(settings);
  for (const event of exampleEvents()) {
    view = reduceRun(view, event, settings, 1);
    series.add(event);
  }
  return {
    ...{
      recordedAt: '2026-11-28T00:00:00.000Z',
      settings,
      presetName: 'quick',
      sandbox: null,
      parameters: 1,
    },
    origin: { versions: {}, userAgent: 'Node', commit: 'abc' },
    engine: {
      ...{ engine: 'simd' as const, backend: 'simd', adapter: 'cores', isSoftware: true, reason: '' },
      ...{ threads: 1, build: 'relaxed' as const },
    },
    base: { name: 'mini', sha256: '0123456789abcdef' },
    ...{ elapsedSeconds: 60, tokensPerSecond: 1, view, series: series.record() },
  };
}

const settings = withSetting(defaultSettings, 'policy.base', 'mini');
const provenance = {
  experiment: 'choice',
  preset: 'quick',
  machine: '2 x a core',
  start: 'mini 0123456789ab',
};
const cell = makeCell('dense', recorded(settings), provenance);

describe('a cell', () => {
  it('says what decides its numbers, and survives its file', () => {
    expect(cell).toMatchObject({
      ...{ commit: 'abc', engineBuild: 'relaxed', threads: 1, start: 'mini 0123456789ab' },
      settings: { policy: { base: 'mini' } },
      run: { variant: 'dense', seed: 1, alarm: { round: 12 }, reference: { density: 5 } },
    });
    expect(readCell(writeCell(cell))).toEqual({ ok: true, cell });
  });

  it('is small: every round in four digits', () => {
    const calls = cell.run.rounds.metrics['tool_use/avg_tool_calls_per_trajectory'];
    expect(calls?.slice(0, 3)).toEqual([5, 2.5, 1.667]);
    expect(writeCell(cell).length).toBeLessThan(8000);
  });

  it('is refused with a sentence where it is cut off or damaged', () => {
    const refused = (text: string) => {
      const read = readCell(text);
      return read.ok ? '' : read.message;
    };
    expect(refused(writeCell(cell).slice(0, 300))).toContain('not a JSON');
    expect(refused(writeCell(cell).replace('"variant":"dense"', '"variant":7'))).toContain('run.variant');
    expect(refused(writeCell(cell).replace('"base":"mini"', '"base":"giant"'))).toContain('settings');
    expect(refused('{}')).toContain('format');
  });
});

describe('a stale cell', () => {
  it('is one of other settings, or of another start', () => {
    const { start } = provenance;
    expect(staleReason(cell, settings, start)).toBeNull();
    const changed = withSetting(withSetting(settings, 'grpo.learningRate', 1e-4), 'run.seed', 2);
    expect(staleReason(cell, changed, start)).toBe('other settings (run.seed, grpo.learningRate)');
    expect(staleReason(cell, settings, 'mini ffff')).toBe(
      'it began with mini 0123456789ab, where a run would now begin with mini ffff',
    );
  });

  it('is not one that another engine computed, or whose base lies elsewhere', () => {
    expect(staleReason(cell, withSetting(settings, 'run.backend', 'simd'), provenance.start)).toBeNull();
    expect(staleReason(cell, settings, null)).toBeNull();
  });

  it('counts a setting that it never heard of as today’s default', () => {
    const older = writeCell(cell).replace(/"alsoAsTrained":(true|false),/, '');
    expect(older).not.toContain('alsoAsTrained');
    const read = readCell(older);
    expect(read.ok && staleReason(read.cell, settings, provenance.start)).toBeNull();
  });
});

it('a start is a base with its digest, or scratch', () => {
  expect(startWords(undefined)).toBe('scratch');
  expect(startWords({ name: 'mini', sha256: '0123456789abcdef' })).toBe('mini 0123456789ab');
});
