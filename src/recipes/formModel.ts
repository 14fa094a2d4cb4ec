/**
 * The settings as a form: the zod schema of `src/train/settings.ts` walked into plain data.
 *
 * Invariant: nothing here knows a setting by name. Titles, sentences, units, bounds, choices and defaults are read from
 * the schema, so a new setting appears in the form, the URL and the file by being added there and nowhere else. The UI
 * imports this file, never zod and never `src/train`.
 */
import { z } from 'zod';
import { defaultSettings, runSettingsSchema, type RunSettings } from '../train/settings.ts';

export { defaultSettings };
export type { RunSettings };

export type SettingValue = number | boolean | string;

interface FieldText {
  /** Dot path into the settings, e.g. "grpo.clipHigh": also the key in the URL. */
  readonly path: string;
  readonly title: string;
  /** One sentence for people. */
  readonly description: string;
  /** What stands behind the value; "" where there is nothing to say. */
  readonly unit: string;
}

export type FormField = FieldText &
  (
    | {
        readonly kind: 'integer' | 'number';
        readonly min: number;
        readonly max: number;
        /** A sensible increment for arrows; any value in the bounds is allowed (whole ones for `integer`). */
        readonly step: number;
        readonly default: number;
      }
    | { readonly kind: 'boolean'; readonly default: boolean }
    | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default: string }
    | { readonly kind: 'text'; readonly default: string }
  );

export interface FormGroup {
  readonly path: string; // "grpo"
  readonly title: string;
  readonly description: string;
  readonly fields: readonly FormField[];
}

const settingText = z.object({
  title: z.string(),
  description: z.string(),
  unit: z.string().default(''),
});

/** The field's own schema without its default, and that default. */
function unwrapDefault(path: string, schema: z.core.$ZodType): { inner: z.core.$ZodType; initial: unknown } {
  if (!(schema instanceof z.ZodDefault)) throw new Error(`The setting ${path} has no default.`);
  return { inner: schema.def.innerType, initial: schema.def.defaultValue };
}

/** A power of ten below the default, so that arrows move a learning rate by its own size. */
function stepOf(initial: number, min: number, max: number): number {
  const size = initial === 0 ? (max - min) / 10 : Math.abs(initial);
  return Number(`1e${Math.min(0, Math.floor(Math.log10(size)) - 1)}`);
}

function fieldOf(path: string, schema: z.core.$ZodType): FormField {
  const { inner, initial } = unwrapDefault(path, schema);
  const text = { path, ...settingText.parse(z.globalRegistry.get(schema)) };
  if (inner instanceof z.ZodNumber) {
    const [min, max, value] = [inner.minValue ?? -Infinity, inner.maxValue ?? Infinity, Number(initial)];
    return inner.isInt
      ? { ...text, kind: 'integer', min, max, step: 1, default: value }
      : { ...text, kind: 'number', min, max, step: stepOf(value, min, max), default: value };
  }
  if (inner instanceof z.ZodBoolean) return { ...text, kind: 'boolean', default: initial === true };
  if (inner instanceof z.ZodEnum) {
    return { ...text, kind: 'choice', choices: inner.options.map(String), default: String(initial) };
  }
  if (inner instanceof z.ZodString) return { ...text, kind: 'text', default: String(initial) };
  throw new Error(`The form has no control for the setting ${path}.`);
}

const schemas = new Map<string, z.core.$ZodType>();

function groupOf(name: string, schema: z.core.$ZodType): FormGroup {
  const object = schema instanceof z.ZodPrefault ? schema.def.innerType : schema;
  if (!(object instanceof z.ZodObject)) throw new Error(`The settings group ${name} is not an object.`);
  const shape: Record<string, z.core.$ZodType> = object.shape;
  const fields = Object.entries(shape).map(([key, field]) => {
    const path = `${name}.${key}`;
    schemas.set(path, unwrapDefault(path, field).inner);
    return fieldOf(path, field);
  });
  const { title, description } = settingText.parse(z.globalRegistry.get(object));
  return { path: name, title, description, fields };
}

/** Every setting, grouped, in the order of the schema. */
export const formModel: readonly FormGroup[] = Object.entries(runSettingsSchema.shape).map(([name, group]) =>
  groupOf(name, group),
);

const fields = new Map(
  formModel.flatMap((group) => group.fields.map((field) => [field.path, field] as const)),
);

/** All setting paths, in the order of the form. */
export const settingPaths: readonly string[] = [...fields.keys()];

export function formField(path: string): FormField | undefined {
  return fields.get(path);
}

/** The value at a path of the form. Throws on a path that is no setting. */
export function getSetting(settings: RunSettings, path: string): SettingValue {
  const [group = '', key = ''] = path.split('.');
  if (!fields.has(path)) throw new Error(`There is no setting ${path}.`);
  return (settings as unknown as Record<string, Record<string, SettingValue>>)[group]?.[key] ?? '';
}

/** A copy with one value replaced. The value must have passed `checkSetting`. */
export function withSetting(settings: RunSettings, path: string, value: SettingValue): RunSettings {
  const [group = '', key = ''] = path.split('.');
  if (!fields.has(path)) throw new Error(`There is no setting ${path}.`);
  const groups = settings as unknown as Record<string, Record<string, SettingValue>>;
  return { ...settings, [group]: { ...groups[group], [key]: value } };
}

export type CheckedSetting =
  | { readonly ok: true; readonly value: SettingValue }
  | { readonly ok: false; readonly message: string };

/** Check one value against its schema; the message is one sentence for people. */
export function checkSetting(path: string, value: unknown): CheckedSetting {
  const field = fields.get(path);
  const schema = schemas.get(path);
  if (field === undefined || schema === undefined)
    return { ok: false, message: `There is no setting ${path}.` };
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return { ok: true, value: parsed.data as SettingValue };
  return { ok: false, message: complaint(field, parsed.error) };
}

function complaint(field: FormField, error: z.core.$ZodError): string {
  const unit = field.unit === '' ? '' : ` ${field.unit}`;
  switch (field.kind) {
    case 'integer':
      return `${field.title} must be a whole number from ${field.min} to ${field.max}${unit}.`;
    case 'number':
      return `${field.title} must be a number from ${field.min} to ${field.max}${unit}.`;
    case 'boolean':
      return `${field.title} is either on or off.`;
    case 'choice':
      return `${field.title} must be one of ${field.choices.join(', ')}.`;
    case 'text':
      return `${field.title}: ${error.issues[0]?.message ?? 'this text is not allowed.'}`;
  }
}

/** Paths at which two settings differ, in the order of the form. */
export function differingPaths(a: RunSettings, b: RunSettings): readonly string[] {
  return settingPaths.filter((path) => getSetting(a, path) !== getSetting(b, path));
}

/** Parse a whole settings object of unknown origin (a file). */
export function parseSettings(value: unknown): RunSettings | null {
  const parsed = runSettingsSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}
