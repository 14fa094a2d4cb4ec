import { describe, expect, it } from 'vitest';
import { modelFolder } from '../export/modelFolder.ts';
import { unzipped, zipped } from '../export/zip.ts';
import { writeCheckpoint } from '../policy/checkpoint.ts';
import { policyConfig } from '../policy/config.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { shapeText } from '../policy/shape.ts';
import { Random } from '../random/random.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import { checkpointContext, readRunCheckpoint } from '../train/checkpointFile.ts';
import { defaultSettings } from '../train/settings.ts';
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
    world.trainer.say({ type: 'weights', bytes, phase: 'stage1' });
    const file = await asked;
    expect(file?.name).toBe('aster-lab-micro-seed3-stage1.zip');
    const files = unzipped(new Uint8Array((await file?.blob.arrayBuffer()) ?? []), () => true);
    expect([...files.keys()]).toEqual(
      expect.arrayContaining(['config.json', 'tokenizer.json', 'README.md', 'curves.svg']),
    );
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
