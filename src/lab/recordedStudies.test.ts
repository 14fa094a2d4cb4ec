import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { findExperiment } from '../recipes/experiments.ts';
import { studyIndexSchema } from '../record/recordedIndex.ts';
import { readCell, staleReason, type Cell } from '../study/cell.ts';
import { readStudy } from '../study/study.ts';
import { exampleStudy } from '../study/testing/exampleStudy.ts';
import { createLabStore } from './store.ts';
import { FakeWorld } from './testing/fakeWorld.ts';

const folder = 'public/studies';
const index = studyIndexSchema.parse(JSON.parse(readFileSync(`${folder}/index.json`, 'utf8')));

/** The committed cells of an experiment on a preset, by variant and seed. */
function cellsOf(experiment: string, preset: string): ReadonlyMap<string, Cell> {
  const path = `src/study/cells/${experiment}-${preset}`;
  const files = existsSync(path) ? readdirSync(path) : [];
  return new Map(
    files.map((file) => {
      const read = readCell(readFileSync(`${path}/${file}`, 'utf8'));
      if (!read.ok) throw new Error(`${file}: ${read.message}`);
      return [`${read.cell.run.variant}-${read.cell.run.seed}`, read.cell];
    }),
  );
}

it('the index lists every study there is, once', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json.gz'));
  expect(index.map(({ file }) => file).sort()).toEqual(files.sort());
});

describe.each(index)('$file', ({ file, title }) => {
  const opened = readStudy(JSON.parse(gunzipSync(readFileSync(`${folder}/${file}`)).toString()));
  if (!opened.ok) throw new Error(`${file}: ${opened.message}`);
  const { study } = opened;

  it('is of an experiment that there is, under its title', () => {
    const experiment = findExperiment(study.experiment);
    expect(experiment?.title).toBe(study.title);
    expect(title).toContain(study.title);
    for (const { name } of study.variants)
      expect(experiment?.variants.map((variant) => variant.name)).toContain(name);
  });

  it('says what the committed cells say, of every one of them, and what it lacks', () => {
    const cells = cellsOf(study.experiment, study.preset);
    expect(study.runs.map(({ variant, seed }) => `${variant}-${seed}`).sort()).toEqual(
      [...cells.keys()].sort(),
    );
    for (const run of study.runs) expect(run).toEqual(cells.get(`${run.variant}-${run.seed}`)?.run);
    const seeds = new Set(study.runs.map(({ seed }) => seed));
    const complete = study.runs.length === study.variants.length * seeds.size;
    expect(study.missing !== undefined || complete).toBe(true);
  });

  it('has runs that differ by their variant and seed alone', () => {
    const cells = [...cellsOf(study.experiment, study.preset).values()];
    for (const variant of study.variants) {
      const [first, ...others] = cells.filter(({ run }) => run.variant === variant.name);
      if (first === undefined) throw new Error(`${variant.name} has no run.`);
      for (const cell of others) {
        const { seed } = cell.settings.run;
        const asked = { ...first.settings, run: { ...first.settings.run, seed } };
        expect(staleReason(cell, asked, first.start)).toBeNull();
      }
    }
  });
});

describe('the studies that come with the page', () => {
  const entry = { file: 'example.json', title: 'An example', description: 'Made for tests.' };

  async function open(files: Readonly<Record<string, string>>) {
    const world = new FakeWorld();
    for (const [path, contents] of Object.entries(files)) world.files.set(path, contents);
    const lab = createLabStore(world.environment);
    await new Promise((resolve) => setTimeout(resolve, 0));
    return { lab, world, state: () => lab.getState() };
  }
  const listed = { 'studies/index.json': JSON.stringify([entry]) };

  it('are none without an index that can be read', async () => {
    for (const text of ['', '<!doctype html>', '{}', '[{"file":"../elsewhere.json"}]'])
      expect((await open({ 'studies/index.json': text })).state().studies).toEqual([]);
    const { state } = await open({});
    expect(state().studies).toEqual([]);
    expect(state().notices).toEqual([]);
  });

  it('open beside the run', async () => {
    const { lab, state } = await open({ ...listed, 'studies/example.json': JSON.stringify(exampleStudy()) });
    expect(state().studies).toEqual([entry]);
    await lab.actions.openStudy('example.json');
    expect(state().study).toEqual({ name: 'An example', study: exampleStudy() });
  });

  it('show the one that was asked for last, though another comes later', async () => {
    const slow = { ...entry, file: 'slow.json', title: 'A slow one' };
    const { lab, state, world } = await open({
      'studies/index.json': JSON.stringify([entry, slow]),
      'studies/example.json': JSON.stringify(exampleStudy()),
    });
    const { environment } = world;
    let arrive: (study: Blob) => void = () => undefined;
    const late = new Promise<Blob>((resolve) => (arrive = resolve));
    const download = environment.download.bind(environment);
    environment.download = (path) => (path === 'studies/slow.json' ? late : download(path));
    const first = lab.actions.openStudy('slow.json');
    await lab.actions.openStudy('example.json');
    arrive(new Blob([JSON.stringify(exampleStudy())]));
    await first;
    expect(state().study?.name).toBe('An example');
  });

  it('are one sentence where they cannot be loaded or are none, and what was open stays', async () => {
    const { lab, state } = await open({ ...listed });
    await lab.actions.openStudy('example.json');
    await lab.actions.openStudy('unheard-of.json');
    expect(state().study).toBeNull();
    expect(state().notices).toEqual([
      '“An example” was not opened: it could not be loaded; check the connection and try again.',
    ]);
    const damaged = await open({ ...listed, 'studies/example.json': '{"format":"aster-lab-study"}' });
    await damaged.lab.actions.openStudy('example.json');
    expect(damaged.state().study).toBeNull();
    expect(damaged.state().notices).toHaveLength(1);
  });
});
