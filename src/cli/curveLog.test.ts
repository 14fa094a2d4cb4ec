import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { defaultSettings } from '../train/settings.ts';
import type { RunEvent } from '../train/events.ts';
import { CurveLog, eventFileName } from './curveLog.ts';
import { RunFolder } from './runFolder.ts';

const path = mkdtempSync(join(tmpdir(), 'aster-curves-'));
afterEach(() => rmSync(path, { recursive: true, force: true }));

it('goes on from a log with a damaged line as from one without it', () => {
  const event = (step: number): RunEvent => ({ type: 'sft', step, values: { 'train/loss': 4 - step } });
  const log = new CurveLog(new RunFolder(path), defaultSettings);
  for (const step of [1, 2, 3]) log.add(event(step), step);
  const metrics = join(path, 'metrics.jsonl');
  const lines = readFileSync(metrics, 'utf8').split('\n');
  writeFileSync(metrics, lines.filter((_, i) => i !== 1).join('\n'));
  new CurveLog(new RunFolder(path), defaultSettings);
  const without = readFileSync(join(path, eventFileName));
  expect(without.length).toBeGreaterThan(100);

  writeFileSync(metrics, lines.map((line, i) => (i === 1 ? line.replace('{', '[') : line)).join('\n'));
  new CurveLog(new RunFolder(path), defaultSettings).add(event(4), 4);
  const after = readFileSync(join(path, eventFileName));
  expect(after.subarray(0, without.length)).toEqual(without);
  expect(after.length).toBeGreaterThan(without.length);
  const last = readFileSync(metrics, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  expect(JSON.parse(last)).toMatchObject({ type: 'sft', step: 4, 'train/loss': 0 });
});
