import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
import { DiskError, realDisk, type Disk } from './disk.ts';
import { Recording } from './recording.ts';
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

/** A recording that tells the place it is of. */
const recordingAt = (done: number) =>
  Recording.begin(settings).write(
    {
      ...{ origin: { versions: {}, userAgent: 'a test' }, settings, presetName: 'micro' },
      ...{ engine: null, sandbox: null, parameters: null },
    },
    'a day',
    done,
    0,
    [],
  );

const markAt = (done: number) => ({ step: 10 + done, seconds: done, time: 1000 + done });

/** A folder with two checkpoints, and a line in each log before, between and after them. */
function filled(disk: Disk = realDisk): RunFolder {
  const folder = new RunFolder(path, disk);
  folder.claim(settings);
  for (const done of [1, 2]) {
    folder.append('metrics.jsonl', { before: done });
    folder.append('trajectories.jsonl', { before: done });
    folder.saveCheckpoint(checkpointAt(done), recordingAt(done), false, markAt(done));
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
    const place = filled().resume(settings).place;
    expect(place?.checkpoint.position.done).toBe(2);
    expect(place?.recording).toBe(recordingAt(2));
    expect(metrics()).toContain('"before":2');
    expect(metrics()).not.toContain('after');
  });

  it('passes over a checkpoint that was being written when the process died', () => {
    const folder = filled();
    const [, newest = ''] = checkpoints();
    writeFileSync(join(path, 'checkpoints', newest), 'cut off');
    expect(folder.resume(settings).place?.checkpoint.position.done).toBe(1);
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
    rmSync(file.replace('.safetensors', '.sums')); // a newer lab’s would fit
    expect(() => folder.resume(settings)).toThrow(UsageError);
    expect(() => folder.resume(settings)).toThrow(/newer version of the lab/);
    expect(checkpoints()).toHaveLength(2);
    expect(metrics()).toContain('"after":2');
  });

  const file = (name: string) => join(path, name);
  const newest = (end: string) =>
    file(join('checkpoints', checkpoints().at(-1).replace('.safetensors', end)));
  const flip = (name: string) => {
    const bytes = readFileSync(name);
    bytes[Math.floor(bytes.length / 2)]! ^= 8;
    writeFileSync(name, bytes);
  };
  const halve = (name: string) => {
    const bytes = readFileSync(name);
    writeFileSync(name, bytes.subarray(0, bytes.length / 2));
  };

  it.each([
    ['a flipped bit of the weights', () => flip(newest('.safetensors'))],
    ['half of the weights', () => halve(newest('.safetensors'))],
    ['a flipped bit of the recording', () => flip(newest('.json'))],
    ['half of the recording', () => halve(newest('.json'))],
    ['no recording', () => rmSync(newest('.json'))],
  ])('goes back to the checkpoint before one with %s, says so, and deletes nothing', (_, harm) => {
    const folder = filled();
    harm();
    const { place, said } = folder.resume(settings);
    expect(place?.checkpoint.position.done).toBe(1);
    expect(said).toEqual([
      expect.stringMatching(/^The checkpoint 00002-stage1-2 is damaged \(.*\); it is set aside/),
    ]);
    expect(readdirSync(file('checkpoints')).filter((name) => name.endsWith('.damaged'))).toContain(
      '00002-stage1-2.safetensors.damaged',
    );
    expect(metrics()).not.toContain('"before":2');
    // Its name is not given again.
    folder.saveCheckpoint(checkpointAt(2), recordingAt(2), false, markAt(2));
    expect(checkpoints()).toEqual(['00001-stage1-1.safetensors', '00003-stage1-2.safetensors']);
  });

  it('takes a checkpoint whose sums are damaged, or from before there were any, by its marks in the logs', () => {
    for (const harm of [halve, rmSync]) {
      rmSync(path, { recursive: true });
      const folder = filled();
      harm(newest('.sums'));
      const { place, said } = folder.resume(settings);
      expect(place?.checkpoint.position.done).toBe(2);
      expect(said).toEqual([expect.stringContaining('has no sums')]);
      expect(metrics()).not.toContain('after');
    }
  });

  it.each([
    ['is missing', () => rmSync(file('metrics.jsonl')), /is missing/],
    ['was cut off', () => halve(file('metrics.jsonl')), /was cut off/],
    ['was changed', () => flip(file('metrics.jsonl')), /is not as it was written/],
  ])('goes on from its newest checkpoint where a log %s, and says so', (_, harm, sentence) => {
    const folder = filled();
    harm();
    const { place, said } = folder.resume(settings);
    expect(place?.checkpoint.position.done).toBe(2);
    expect(said).toEqual([expect.stringMatching(sentence)]);
    expect(checkpoints()).toHaveLength(2);
    const last: unknown = JSON.parse(metrics().trimEnd().split('\n').at(-1) ?? '');
    expect(last, 'every line has a place on the axes').toMatchObject({
      ...{ step: expect.any(Number) as number, seconds: 2, time: expect.any(Number) as number },
    });
    expect(metrics()).not.toContain('after');
    expect(folder.resume(settings).place?.checkpoint.position.done, 'and a second time').toBe(2);
  });

  it('knows its run by its checkpoints where config.json is damaged', () => {
    const folder = filled();
    writeFileSync(file('config.json'), '{"settings":');
    const other = { ...settings, run: { ...settings.run, seed: 99 } };
    expect(folder.claim(other)).toMatch(/damaged/);
    expect(() => folder.resume(other)).toThrow(/holds another run \(it differs in run.seed/);
    expect(folder.resume(settings).place?.checkpoint.position.done).toBe(2);
  });

  it('begins again, and says so, where nothing is whole', () => {
    const folder = filled();
    for (const name of checkpoints()) halve(file(join('checkpoints', name)));
    const { place, said } = folder.resume(settings);
    expect(place).toBeNull();
    expect(said.at(-1)).toMatch(/begins again/);
    expect(metrics()).toBe('');
  });

  it('finds a finished run’s file damaged, and sets it aside', () => {
    const folder = filled();
    folder.writeRun(recordingAt(3));
    expect(folder.checkFinished()).toBeNull();
    flip(file('run.json'));
    expect(folder.checkFinished()).toMatch(/is damaged/);
    expect(folder.isFinished).toBe(false);
    expect(existsSync(file('run.json.damaged'))).toBe(true);
  });

  it('sets weights aside that are no longer what was kept', () => {
    const folder = filled();
    for (const round of [1, 2]) folder.writeFile(`round-${round}.safetensors`, Uint8Array.of(1, 2, round));
    folder.saveCheckpoint(checkpointAt(3), recordingAt(3), false, markAt(3));
    flip(file('round-1.safetensors'));
    expect(new RunFolder(path).resume(settings).said).toEqual([
      expect.stringContaining('round-1.safetensors is missing'),
    ]);
    expect(folder.has('round-1.safetensors')).toBe(false);
    expect(folder.has('round-2.safetensors')).toBe(true);
  });

  it('leaves everything as it was where the disk is full', () => {
    let room = Infinity;
    const disk: Disk = {
      write(handle, bytes) {
        const fits = bytes.subarray(0, Math.max(0, room));
        room -= bytes.length;
        realDisk.write(handle, fits);
        if (room < 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      },
    };
    const folder = filled(disk);
    for (const left of [10, 200, 2000, 100_000]) {
      room = left;
      expect(() => folder.saveCheckpoint(checkpointAt(3), recordingAt(3), false, markAt(3))).toThrow(
        DiskError,
      );
      expect(() => folder.append('metrics.jsonl', { after: 3 })).toThrow(/disk is full. Make room/);
      expect(() => folder.extend('events', Uint8Array.of(1))).toThrow(/disk is full. Make room/);
      expect(() => folder.rewrite('events', Uint8Array.of(1))).toThrow(/disk is full. Make room/);
      room = Infinity;
      const { place } = new RunFolder(path).resume(settings);
      expect(place?.checkpoint.position.done).toBe(2);
      expect(metrics()).not.toContain('after');
      expect(readdirSync(file('checkpoints')).filter((name) => name.endsWith('.new'))).toEqual([]);
    }
  });
});
