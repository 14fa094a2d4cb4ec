import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { modelFolder } from '../export/modelFolder.ts';
import { readModel } from '../export/readModel.ts';
import { unzipped, zipped } from '../export/zip.ts';
import { writeCheckpoint } from '../policy/checkpoint.ts';
import { policyConfig } from '../policy/config.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { shapeText } from '../policy/shape.ts';
import { Random } from '../random/random.ts';
import { readRunFile, writeRunFile } from '../record/runFile.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import { checkpointContext, readRunCheckpoint } from '../train/checkpointFile.ts';
import { defaultSettings } from '../train/settings.ts';
import { shownRun } from './state.ts';
import { createLabStore } from './store.ts';
import { FakeWorld } from './testing/fakeWorld.ts';
import { kinds, open, running } from './testing/openLab.ts';

const odd = { ...policyConfig('micro', vocabularySize), intermediateSize: 72, ropeTheta: 5e5 };
const tensors = initialiseTensors(odd, new Random(1));
const folder = modelFolder({ config: odd, tensors, settings: defaultSettings, run: null, place: 'a test' });
const blob = (bytes: Uint8Array) => new Blob([Uint8Array.from(bytes)]);

describe('a model in the page', () => {
  it('leaves as a zip with all that transformers asks for', async () => {
    const { world, lab } = running('preset=micro&run.seed=3');
    const asked = lab.actions.exportModel();
    expect(kinds(world).at(-1)).toBe('weights');
    const config = policyConfig('micro', vocabularySize);
    const bytes = writeCheckpoint(
      { config, tensors: initialiseTensors(config, new Random(1)), metadata: { phase: 'stage1' } },
      checkpointContext(defaultSettings),
    );
    world.trainer.say({ type: 'weights', bytes, phase: 'stage1', round: 4 });
    const file = await asked;
    expect(file?.name).toBe('aster-lab-micro-seed3-stage1.zip');
    const files = unzipped(new Uint8Array((await file?.blob.arrayBuffer()) ?? []), () => true);
    expect([...files.keys()]).toEqual(
      expect.arrayContaining(['config.json', 'tokenizer.json', 'README.md', 'curves.svg']),
    );
  });

  it('leaves a recording as the round that was kept last up to the one shown', async () => {
    const read = readRunFile(readFileSync('src/record/testing/recordedRun.json', 'utf8'));
    if (!read.ok) throw new Error(read.message);
    const weights = [6, 10].map((round) => ({ round, file: `round-${round}.safetensors` }));
    const config = policyConfig('micro', vocabularySize);
    const policies = new Map(
      weights.map(({ round }) => [round, initialiseTensors(config, new Random(round))]),
    );
    const world = new FakeWorld(); // a page lists its recordings as it opens
    const entry = {
      file: 'micro.json',
      title: 'Micro',
      description: 'x',
      arm: 'dense',
      preset: 'micro',
      seed: 4,
    };
    world.files.set('runs/index.json', JSON.stringify([entry]));
    world.files.set('runs/micro.json', writeRunFile({ ...read.run, view: { ...read.run.view, weights } }));
    for (const [round, tensors] of policies)
      world.files.set(
        `runs/micro/round-${round}.safetensors`,
        new Uint8Array(
          writeCheckpoint({ config, tensors, metadata: {} }, checkpointContext(read.run.settings)),
        ),
      );
    const lab = createLabStore(world.environment);
    const run = () => shownRun(lab.getState());
    await lab.actions.openRecording('micro.json');
    const roundOf = async () => {
      const file = await lab.actions.exportModel();
      if (file === null) return null;
      const files = unzipped(new Uint8Array(await file.blob.arrayBuffer()), () => true);
      const taken = [...policies].find(([, tensors]) => isDeepStrictEqual(readModel(files).tensors, tensors));
      return [file.name, taken?.[0]];
    };
    expect(await roundOf()).toEqual(['aster-lab-micro-seed4-round10.zip', 10]);
    lab.actions.seekReplay(run().rounds.findIndex(({ round }) => round === 8));
    expect(await roundOf()).toEqual(['aster-lab-micro-seed4-round6.zip', 6]);
    expect((await lab.actions.exportWeights())?.name).toBe('aster-lab-micro-seed4-round6.safetensors');
    lab.actions.seekReplay(0);
    expect(await roundOf()).toBeNull();
    world.files.delete('runs/micro/round-10.safetensors');
    lab.actions.seekReplay(run().replay?.last ?? 0);
    expect(await roundOf()).toBeNull();
    expect(lab.getState().notices).toEqual([
      'The model folder was not made: no weights were kept up to the round shown; move on in the recording.',
      'The model folder was not made: they could not be loaded; check the connection and try again.',
    ]);
  });

  it.each([
    [
      'the files of a folder',
      [...folder].map(([name, bytes]) => ({ name: `mine/${name}`, blob: blob(bytes) })),
    ],
    ['a zip', [{ name: 'mine.zip', blob: blob(zipped('mine', folder)) }]],
  ])('comes in as %s, and a run begins with its weights and its shape', async (_, files) => {
    const { world, lab, run } = open('preset=micro');
    await lab.actions.beginFromModel(files);
    expect(run().settings.policy).toEqual({ preset: 'micro', base: 'scratch', shape: shapeText(odd) });
    const started = world.trainer.received.find((message) => message.type === 'start');
    if (started?.type !== 'start' || started.from === undefined) throw new Error('no run was started');
    const checkpoint = readRunCheckpoint(started.from);
    expect(checkpoint.tensors).toEqual(tensors);
    expect(checkpoint.position).toMatchObject({ phase: 'sft', done: 0, round: 0 });
  });

  it('that is no good becomes a notice, and no run is begun', async () => {
    const { world, lab, state } = open('preset=micro');
    await lab.actions.beginFromModel([{ name: 'x.safetensors', blob: blob(Uint8Array.of(1, 2, 3)) }]);
    await lab.actions.beginFromModel([{ name: 'x.zip', blob: blob(Uint8Array.of(1, 2, 3)) }]);
    expect(state().notices).toEqual([
      '“x.safetensors” was not taken: This is not a safetensors file: it has fewer than 8 bytes.',
      '“x.zip” was not taken: The zip is damaged, or is none.',
    ]);
    expect(state().runs).toEqual([]);
    expect(kinds(world)).not.toContain('start');
  });

  it('says why data cannot be had', async () => {
    const { lab, state } = running('preset=micro');
    expect(await lab.actions.exportData()).toBeNull();
    expect(state().notices).toEqual(['The data was not exported: a test has no Python.']);
  });
});
