import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { presetSettings } from '../recipes/presets.ts';
import { policyConfig } from '../policy/config.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { Random } from '../random/random.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import type { RunCheckpoint } from '../train/checkpoint.ts';
import { UsageError } from './options.ts';
import { RunFolder } from './runFolder.ts';

let path = '';
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'aster-folder-'));
});
afterEach(() => rmSync(path, { recursive: true }));

const settings = presetSettings('micro');

/** A place in stage 1 after `done` steps. */
function checkpointAt(done: number): RunCheckpoint {
  const tensors = initialiseTensors(policyConfig('micro', vocabularySize), new Random('run folder'));
  return {
    settings,
    tensors,
    reference: null,
    optimizer: { step: done, m: tensors, v: tensors },
    position: {
      ...{ phase: 'stage1', done, round: done, trajectories: 0, solved: [] },
      collapse: { reference: null, sampled: 0, average: 0, below: 0, since: null, alarm: null },
    },
  };
}

/** A folder with two checkpoints, and a line in each log before, between and after them. */
function filled(): RunFolder {
  const folder = new RunFolder(path);
  folder.claim(settings);
  for (const done of [1, 2]) {
    folder.append('metrics.jsonl', { before: done });
    folder.append('trajectories.jsonl', { before: done });
    folder.saveCheckpoint(checkpointAt(done), `recording ${done}`, false);
  }
  folder.append('metrics.jsonl', { after: 2 });
  return folder;
}

const checkpoints = () =>
  readdirSync(join(path, 'checkpoints'))
    .filter((name) => name.endsWith('.safetensors'))
    .sort();
const metrics = () => readFileSync(join(path, 'metrics.jsonl'), 'utf8');

describe('a run’s folder', () => {
  it('goes on from the newest checkpoint and forgets what was logged after it', () => {
    const place = filled().resume();
    expect(place?.checkpoint.position.done).toBe(2);
    expect(place?.recording).toBe('recording 2');
    expect(metrics()).toContain('"before":2');
    expect(metrics()).not.toContain('after');
  });

  it('passes over a checkpoint that was being written when the process died', () => {
    const folder = filled();
    const [, newest = ''] = checkpoints();
    writeFileSync(join(path, 'checkpoints', newest), 'cut off');
    expect(folder.resume()?.checkpoint.position.done).toBe(1);
    expect(checkpoints()).toHaveLength(1);
    expect(metrics()).not.toContain('"before":2');
  });

  it('refuses, and keeps, a checkpoint of a newer lab', () => {
    const folder = filled();
    const [, newest = ''] = checkpoints();
    const file = join(path, 'checkpoints', newest);
    const bytes = readFileSync(file);
    const at = bytes.indexOf('\\"version\\":2');
    expect(at).toBeGreaterThan(0);
    bytes.write('9', at + '\\"version\\":'.length);
    writeFileSync(file, bytes);
    expect(() => folder.resume()).toThrow(UsageError);
    expect(() => folder.resume()).toThrow(/newer version of the lab/);
    expect(checkpoints()).toHaveLength(2);
    expect(metrics()).toContain('"after":2');
  });
});
