import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { presets, presetSettings } from './presets.ts';
import { checkSetting, formModel, settingPaths, withSetting } from './formModel.ts';
import type { FormField, RunSettings, SettingValue } from './formModel.ts';
import { parseUrl, writeUrl } from './urlState.ts';

const fields = formModel.flatMap((group) => group.fields);

/** Each text setting takes one of `valueOf`'s words, or its filter would look for ever. */
const shape = 'd64-l2-h4x16-kv4-f160-theta10000-eps0.000001-untied';

function valueOf(field: FormField): fc.Arbitrary<SettingValue> {
  switch (field.kind) {
    case 'integer':
      return fc.integer({ min: field.min, max: field.max });
    case 'number':
      return fc.double({ min: field.min, max: field.max, noNaN: true }).map((x) => (x === 0 ? 0 : x));
    case 'boolean':
      return fc.boolean();
    case 'choice':
      return fc.constantFrom(...field.choices);
    case 'text':
      return fc
        .constantFrom('+', '+-', '*/', '+-*/%', '%-', '1', '0.5', '0.6,0.75,0.9', shape)
        .filter((text) => checkSetting(field.path, text).ok);
  }
}

const change = fc
  .constantFrom(...fields)
  .chain((field) => valueOf(field).map((value) => ({ path: field.path, value })));

const anyState = fc
  .record({
    presetName: fc.constantFrom(...presets.map((preset) => preset.name as string)),
    changes: fc.array(change, { maxLength: 12 }),
  })
  .map(({ presetName, changes }) => ({
    presetName,
    settings: changes.reduce<RunSettings>(
      (settings, { path, value }) => withSetting(settings, path, value),
      presetSettings(presetName),
    ),
  }));

describe('writeUrl', () => {
  it('holds nothing for the default run and only what differs otherwise', () => {
    expect(writeUrl({ presetName: 'quick', settings: presetSettings('quick') })).toBe('');
    expect(writeUrl({ presetName: 'nano', settings: presetSettings('nano') })).toBe('preset=nano&v=1');
    const changed = withSetting(
      withSetting(presetSettings('nano-sparse'), 'grpo.clipHigh', 0.2),
      'run.seed',
      7,
    );
    expect(writeUrl({ presetName: 'nano-sparse', settings: changed })).toBe(
      'preset=nano-sparse&run.seed=7&grpo.clipHigh=0.2&v=1',
    );
  });

  it('says so when a value goes back to the default from a preset', () => {
    const settings = withSetting(presetSettings('nano'), 'curation.denseMin', 4);
    const url = writeUrl({ presetName: 'nano', settings });
    expect(url).toBe('preset=nano&curation.denseMin=4&v=1');
    expect(parseUrl(url).settings.curation.denseMin).toBe(4);
  });
});

describe('round trip', () => {
  it('settings -> query -> settings is the identity, without a notice', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const parsed = parseUrl(`?${writeUrl(state)}`);
        expect(parsed).toEqual({ ...state, notices: [] });
        expect(writeUrl(parsed)).toBe(writeUrl(state));
      }),
      { numRuns: 300 },
    );
  });

  it('holds for every preset', () => {
    for (const { name, settings } of presets) {
      expect(parseUrl(writeUrl({ presetName: name, settings }))).toEqual({
        presetName: name,
        settings,
        notices: [],
      });
    }
  });
});

describe('bad input', () => {
  it('brings numbers back into their bounds and says so', () => {
    const parsed = parseUrl('?grpo.groupSize=1000&grpo.clipLow=-1&run.seed=3.6&sft.epochs=1e9');
    expect(parsed.settings.grpo.groupSize).toBe(64);
    expect(parsed.settings.grpo.clipLow).toBe(0);
    expect(parsed.settings.run.seed).toBe(4);
    expect(parsed.settings.sft.epochs).toBe(100);
    expect(parsed.notices).toHaveLength(4);
    expect(parsed.notices[0]).toBe(
      'Group size G cannot be “1000” (grpo.groupSize in the address); 64 is used.',
    );
  });

  it('falls back to the preset for what cannot be read', () => {
    const parsed = parseUrl(
      'preset=nano&curation.denseMin=lots&curation.bin=thick&curation.keepZero=1&task.operations=abc',
    );
    expect(parsed.settings).toEqual(presetSettings('nano'));
    expect(parsed.notices).toHaveLength(4);
  });

  it('names unknown presets, keys and versions', () => {
    const parsed = parseUrl('?preset=giant&grpo.nothing=1&utm_source=x&v=99');
    expect(parsed).toMatchObject({ presetName: 'quick', settings: presetSettings('quick') });
    expect(parsed.notices).toHaveLength(4);
  });

  it('takes the preset that took the place of one that is gone, and says so', () => {
    const parsed = parseUrl('?preset=nine-sparse&run.seed=3&v=1');
    expect(parsed.presetName).toBe('nano-sparse');
    expect(parsed.settings).toEqual(withSetting(presetSettings('nano-sparse'), 'run.seed', 3));
    expect(parsed.notices).toEqual([
      'The preset “nine-sparse” is gone; nano-sparse, which took its place, is used.',
    ]);
  });

  it('takes the last of a repeated key and reads % escapes that make no sense', () => {
    expect(parseUrl('?run.seed=1&run.seed=9').settings.run.seed).toBe(9);
    expect(() => parseUrl('?%E0%A4%A=%&&&==&=')).not.toThrow();
  });

  it('never throws and always gives settings that pass, whatever the address says', () => {
    const key = fc.oneof(
      fc.constantFrom(...settingPaths, 'preset', 'v', '__proto__', '__proto__.x', 'constructor'),
      fc.string(),
    );
    const garbage = fc
      .array(fc.tuple(key, fc.oneof(fc.string({ unit: 'binary' }), fc.double().map(String))), {
        maxLength: 8,
      })
      .map((pairs) => pairs.map(([k, v]) => `${k}=${v}`).join('&'));
    fc.assert(
      fc.property(fc.oneof(garbage, fc.string({ unit: 'binary' })), (search) => {
        const { settings, notices } = parseUrl(search);
        for (const field of fields) {
          const [group = '', name = ''] = field.path.split('.');
          const value = (settings as unknown as Record<string, Record<string, unknown>>)[group]?.[name];
          expect(checkSetting(field.path, value).ok).toBe(true);
        }
        for (const notice of notices) expect(notice).toMatch(/[.;].*$/);
      }),
      { numRuns: 300 },
    );
  });
});
