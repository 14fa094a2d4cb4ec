/** A run's starting weights in the page: the right file is asked for, and every fault is a sentence. */
import { describe, expect, it } from 'vitest';
import { writeCheckpoint } from '../policy/checkpoint.ts';
import { policyConfig } from '../policy/config.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { Random } from '../random/random.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import { defaultSettings, type RunSettings } from '../train/settings.ts';
import { fetchBase } from './baseWeights.ts';

const from = (base: RunSettings['policy']['base'], preset: 'mini' | 'micro' = 'mini'): RunSettings => ({
  ...defaultSettings,
  policy: { preset, base, shape: '' },
});
const page = 'https://lab.example/aster/';

function file(preset: 'mini' | 'micro', vocabulary = vocabularySize): Uint8Array<ArrayBuffer> {
  const config = policyConfig(preset, vocabulary);
  const tensors = initialiseTensors(config, new Random(1));
  const context = { maxPositionEmbeddings: 64, bosTokenId: 1, eosTokenId: 2, padTokenId: 0 };
  return Uint8Array.from(writeCheckpoint({ config, tensors, metadata: {} }, context, 'F16'));
}

describe('fetchBase', () => {
  it('asks for nothing where a run begins from scratch', async () => {
    expect(await fetchBase(from('scratch'), page, () => Promise.reject(new Error('asked')))).toBeNull();
  });

  it('takes the file beside the page and names it by its hash', async () => {
    const asked: string[] = [];
    const start = await fetchBase(from('mini'), page, async (url) => {
      asked.push(url);
      return new Response(file('mini'));
    });
    expect(asked).toEqual(['https://lab.example/aster/bases/mini.safetensors']);
    expect(start?.base.name).toBe('mini');
    expect(start?.base.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(start?.tensors.get('model.embed_tokens.weight')?.shape).toEqual([vocabularySize, 64]);
  });

  it.each([
    [
      'a site without it',
      async () => new Response('no', { status: 404 }),
      /base “mini” could not be loaded \(this site does not have it\)/,
    ],
    [
      'a site that answers with its page',
      async () => new Response('<p>', { headers: { 'content-type': 'text/html' } }),
      /this site does not have it/,
    ],
    ['no answer', () => Promise.reject(new TypeError('Failed to fetch')), /the site did not answer/],
    ['another size', async () => new Response(file('micro')), /^The base “mini”: Tensor .* the policy needs/],
    [
      'another vocabulary',
      async () => new Response(file('mini', vocabularySize + 1)),
      /^The base “mini”: .* the policy needs/,
    ],
    ['half a file', async () => new Response(file('mini').slice(0, 5000)), /^The base “mini”: /],
  ])('says what to do about %s', async (_, load, sentence) => {
    await expect(fetchBase(from('mini'), page, load)).rejects.toThrow(sentence);
  });
});
