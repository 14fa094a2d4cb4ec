import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockRun } from './runLock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aster-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = () => join(folder, 'lock');
const owner = (change: object) =>
  writeFileSync(path(), JSON.stringify({ pid: process.pid, host: hostname(), started: null, ...change }));

describe('a run’s lock', () => {
  it('is had by one at a time', () => {
    const lock = lockRun(folder);
    expect(lock.said).toBeNull();
    expect(() => lockRun(folder)).toThrow(`Process ${process.pid} works on ${folder}`);
    lock.release();
    expect(existsSync(path())).toBe(false);
    lockRun(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of a process that has ended is taken over', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    owner({ pid });
    const lock = lockRun(folder);
    expect(lock.said).toContain(`Process ${pid}`);
    expect(readFileSync(path(), 'utf8')).toContain(String(process.pid));
    lock.release();
  });

  it('of a process whose number another one has now is taken over', () => {
    owner({ pid: process.ppid, started: '1' });
    lockRun(folder).release();
    owner({ pid: process.ppid });
    expect(() => lockRun(folder)).toThrow(/works on/);
  });

  it('of another machine is left alone, with what to do', () => {
    owner({ host: 'elsewhere' });
    expect(() => lockRun(folder)).toThrow(/machine elsewhere.*delete/);
  });

  it('that is damaged is taken over', () => {
    for (const text of ['', '{"pid":', '{"pid":"1"}']) {
      writeFileSync(path(), text);
      const lock = lockRun(folder);
      expect(lock.said).toContain('damaged');
      lock.release();
    }
  });
});
