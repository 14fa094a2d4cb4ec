import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { folderFiles } from '../export/modelFolder.ts';
import { DiskError } from './disk.ts';
import { UsageError } from './options.ts';
import { faultyDisk } from './testing/faultyDisk.ts';
import { writeFolder } from './writeFolder.ts';

let path = '';
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'aster-export-'));
});
afterEach(() => rmSync(path, { recursive: true }));

const files = (text: string) =>
  folderFiles([
    ['config.json', text],
    ['trl/sft.jsonl', text],
  ]);
const text = (name: string) => readFileSync(join(path, name), 'utf8');

it('writes a folder, and writes it again', () => {
  const out = join(path, 'new/model');
  for (const words of ['first', 'second']) {
    writeFolder(out, files(words));
    expect(text('new/model/trl/sft.jsonl')).toBe(words);
  }
  expect(readdirSync(out, { recursive: true }).sort()).toEqual(['config.json', 'trl', 'trl/sft.jsonl']);
});

it('refuses a folder that holds something else, and a file', () => {
  writeFileSync(join(path, 'config.json'), 'a run’s');
  writeFileSync(join(path, 'metrics.jsonl'), '');
  expect(() => writeFolder(path, files('x'))).toThrow(UsageError);
  expect(() => writeFolder(path, files('x'))).toThrow(/holds other files \(metrics.jsonl\)/);
  expect(() => writeFolder(join(path, 'config.json'), files('x'))).toThrow(/is a file/);
  expect(text('config.json')).toBe('a run’s');
});

it.each([0, 5, 8])('leaves what was there on a disk with room for %i bytes, and says so', (room) => {
  writeFolder(path, files('first'));
  const full = faultyDisk('full', room, () => undefined);
  expect(() => writeFolder(path, files('other'), full)).toThrow(DiskError);
  expect(() => writeFolder(path, files('other'), full)).toThrow(
    /the disk is full. Make room; the same command/,
  );
  expect([text('config.json'), text('trl/sft.jsonl')]).toEqual(['first', 'first']);
  expect(readdirSync(path, { recursive: true }).sort()).toEqual(['config.json', 'trl', 'trl/sft.jsonl']);
});

it('says why nothing can be written', () => {
  writeFileSync(join(path, 'file'), '');
  expect(() => writeFolder(join(path, 'file/model'), files('x'))).toThrow(/cannot be written \(ENOTDIR\)/);
});
