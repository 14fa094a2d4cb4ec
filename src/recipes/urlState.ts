/**
 * The settings in the URL: `?preset=nano-sparse&grpo.clipHigh=0.2&run.seed=7&v=1`.
 *
 * Invariants. (1) The query holds only what differs: no preset when it is the default one, no setting that has the
 * preset's value, nothing at all for the default run. (2) settings -> query -> settings is the identity. (3) Parsing never
 * throws: what is unknown is left out, what is out of range is brought back, and each correction is told in one sentence.
 */
import { addressLength, addressNotices } from '../foreign/limits.ts';
import { defaultPreset, findPreset, presetSettings, successorOf } from './presets.ts';
import {
  checkSetting,
  differingPaths,
  formField,
  getSetting,
  withSetting,
  type FormField,
  type RunSettings,
  type SettingValue,
} from './formModel.ts';

export interface UrlState {
  readonly presetName: string;
  readonly settings: RunSettings;
}

const version = '1';

/** The query without its question mark; '' for the default preset unchanged. */
export function writeUrl(state: UrlState): string {
  const query = new URLSearchParams();
  if (state.presetName !== defaultPreset) query.set('preset', state.presetName);
  for (const path of differingPaths(presetSettings(state.presetName), state.settings)) {
    query.set(path, String(getSetting(state.settings, path)));
  }
  if (query.size > 0) query.set('v', version);
  return query.toString();
}

export interface ParsedUrl extends UrlState {
  /** One sentence for each thing that was corrected or left out. */
  readonly notices: readonly string[];
}

/** Read a query (with or without its question mark). Never throws. */
export function parseUrl(search: string): ParsedUrl {
  const notices: string[] = [];
  if (search.length > addressLength)
    notices.push('The address is far longer than any of this lab; its settings were left out.');
  const query = new URLSearchParams(search.length > addressLength ? '' : search);
  const presetName = readPreset(query, notices);
  let settings = presetSettings(presetName);
  for (const key of new Set(query.keys())) {
    if (key === 'preset' || key === 'v') continue;
    const field = formField(key);
    if (field === undefined) {
      notices.push(`The address asks for “${excerpt(key)}”, which is no setting; it was left out.`);
      continue;
    }
    const text = query.getAll(key).at(-1) ?? '';
    const read = readValue(field, text, getSetting(settings, key));
    settings = withSetting(settings, key, read.value);
    if (read.corrected) {
      notices.push(
        `${field.title} cannot be “${excerpt(text)}” (${key} in the address); ${String(read.value)} is used.`,
      );
    }
  }
  return { presetName, settings, notices: first(notices) };
}

/** An address can be wrong in a thousand places. */
function first(notices: readonly string[]): readonly string[] {
  const more = notices.length - addressNotices;
  if (more <= 0) return notices;
  return [
    ...notices.slice(0, addressNotices),
    `${more} more things in the address were left out or corrected.`,
  ];
}

function readPreset(query: URLSearchParams, notices: string[]): string {
  const written = query.get('v');
  if (written !== null && written !== version) {
    notices.push(
      `The address was written by another version of the lab (“${excerpt(written)}”); some of it may mean something else here.`,
    );
  }
  const name = query.get('preset') ?? defaultPreset;
  if (findPreset(name) !== undefined) return name;
  const successor = successorOf(name);
  notices.push(
    successor === undefined
      ? `There is no preset “${excerpt(name)}”; ${defaultPreset} is used.`
      : `The preset “${name}” is gone; ${successor}, which took its place, is used.`,
  );
  return successor ?? defaultPreset;
}

/** People paste all kinds of things into an address bar; a notice stays one line. */
function excerpt(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}

interface ReadValue {
  readonly value: SettingValue;
  readonly corrected: boolean;
}

/** The value a text stands for; the nearest allowed number, or `fallback`, where it stands for none. */
function readValue(field: FormField, text: string, fallback: SettingValue): ReadValue {
  const meant = meaning(field, text);
  const checked = checkSetting(field.path, meant);
  if (checked.ok) return { value: checked.value, corrected: false };
  if ((field.kind === 'integer' || field.kind === 'number') && typeof meant === 'number') {
    const near = Math.min(
      field.max,
      Math.max(field.min, field.kind === 'integer' ? Math.round(meant) : meant),
    );
    const again = checkSetting(field.path, near);
    if (again.ok) return { value: again.value, corrected: true };
  }
  return { value: fallback, corrected: true };
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function meaning(field: FormField, text: string): SettingValue | null {
  switch (field.kind) {
    case 'integer':
    case 'number':
      return decimal.test(text) ? Number(text) : null;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : null;
    case 'choice':
    case 'text':
      return text;
  }
}
