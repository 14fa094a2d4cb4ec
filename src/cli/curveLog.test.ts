import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { defaultSettings } from '../train/settings.ts';
import { plannedPhases } from '../record/phases.ts';
import type { PhaseName, RunEvent } from '../train/events.ts';
import { CurveLog, eventFileName } from './curveLog.ts';
import { RunFolder } from './runFolder.ts';

const path = mkdtempSync(join(tmpdir(), 'aster-curves-'));
afterEach(() => rmSync(path, { recursive: true, force: true }));

it('goes on from a log with a damaged line as from one without it', () => {
  const phases = (done: number) =>
    plannedPhases(defaultSettings).map((phase) => (phase.name === 'sft' ? { ...phase, done } : phase));
  const event = (step: number): RunEvent => ({ type: 'sft', step, values: { 'train/loss': 4 - step } });
  const log = new CurveLog(new RunFolder(path), defaultSettings, phases(0));
  for (const step of [1, 2, 3]) log.add(event(step), step);
  expect(log.mark(4)).toMatchObject({ step: 3, seconds: 4 });
  const metrics = join(path, 'metrics.jsonl');
  const lines = readFileSync(metrics, 'utf8').split('\n');
  writeFileSync(metrics, lines.filter((_, i) => i !== 1).join('\n'));
  new CurveLog(new RunFolder(path), defaultSettings, phases(3));
  const without = readFileSync(join(path, eventFileName));
  expect(without.length).toBeGreaterThan(100);

  writeFileSync(metrics, lines.map((line, i) => (i === 1 ? line.replace('{', '[') : line)).join('\n'));
  new CurveLog(new RunFolder(path), defaultSettings, phases(3)).add(event(4), 4);
  const after = readFileSync(join(path, eventFileName));
  expect(after.subarray(0, without.length)).toEqual(without);
  expect(after.length).toBeGreaterThan(without.length);
  const last = readFileSync(metrics, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  expect(JSON.parse(last)).toMatchObject({ type: 'sft', step: 4, 'train/loss': 0 });
});

it('keeps its axis where the log was lost', () => {
  const folder = new RunFolder(mkdtempSync(join(tmpdir(), 'aster-curves-')));
  const behind: Partial<Record<PhaseName, number>> = { sft: 300, stage1: 7 };
  const phases = plannedPhases(defaultSettings).map((phase) => ({ ...phase, done: behind[phase.name] ?? 0 }));
  const log = new CurveLog(folder, defaultSettings, phases);
  log.add({ type: 'round', phase: 'stage1', round: 12, step: 8, values: {}, callCounts: [1] }, 9);
  const lines = readFileSync(join(folder.path, 'metrics.jsonl'), 'utf8');
  expect(JSON.parse(lines)).toMatchObject({ type: 'round', step: 308 });
  rmSync(folder.path, { recursive: true });
});
