/**
 * Every parser of bytes that the lab did not write itself, with sound files to break.
 *
 * To add one: a line here. `read` answers with a sentence where it refuses; where it accepts, it also does with what was read what the lab
 * would do next, so that half of a file is not taken for a whole one.
 */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { isModelFile, readModel } from '../../export/readModel.ts';
import { unzipped, zipped } from '../../export/zip.ts';
import { parseJson } from '../../foreign/json.ts';
import { textBytes } from '../../foreign/limits.ts';
import { readEntry, type RunEntry } from '../../lab/library/runEntry.ts';
import { readMoment, viewOf, writeMoment } from '../../lab/lesson/link.ts';
import { huggingFaceConfig, readCheckpoint, writeCheckpoint } from '../../policy/checkpoint.ts';
import { policyConfig } from '../../policy/config.ts';
import { initialiseTensors } from '../../policy/initialise.ts';
import { CheckpointError, readSafetensors, writeSafetensors } from '../../policy/safetensors.ts';
import { Random } from '../../random/random.ts';
import { defaultSettings, parseSettings } from '../../recipes/formModel.ts';
import { readLesson, readLessonIndex } from '../../recipes/lessons.ts';
import { presetSettings } from '../../recipes/presets.ts';
import { parseUrl, writeUrl } from '../../recipes/urlState.ts';
import { fileText } from '../../record/fileText.ts';
import { readRecordedIndex } from '../../record/recordedIndex.ts';
import type { RecordedRun } from '../../record/recordedRun.ts';
import { readRunFile, writeRunFile } from '../../record/runFile.ts';
import { RunSeries } from '../../record/runSeries.ts';
import { emptyRun, reduceRun } from '../../record/runView.ts';
import { exampleEvents } from '../../record/testing/exampleRun.ts';
import { makeCell, readCell, writeCell } from '../../study/cell.ts';
import { isStudy, readStudy } from '../../study/study.ts';
import { exampleStudy } from '../../study/testing/exampleStudy.ts';
import { readProblem } from '../../tasks/askedProblem.ts';
import { tokenTexts, vocabularySize } from '../../tasks/vocabulary.ts';
import { baseCardSchema } from '../../train/baseFile.ts';
import {
  checkpointContext,
  readRunCheckpoint,
  readWeights,
  writeRunCheckpoint,
} from '../../train/checkpointFile.ts';
import type { Form } from './mutate.ts';

export interface Parser {
  readonly name: string;
  readonly form: Form;
  /** Of the cases, where its files are so large that ten thousand would take an hour; 1 where absent. */
  readonly share?: number;
  /** Sound files, each of which is read whole. */
  readonly samples: () => readonly Uint8Array[];
  /** Null where the bytes were read whole, else the sentence that they are refused with. */
  readonly read: (bytes: Uint8Array) => Promise<string | null> | string | null;
}

const encode = (text: string) => new TextEncoder().encode(text);
/** What is larger is refused before it is decoded, as `fileText` does. */
const decode = (bytes: Uint8Array) => (bytes.length > textBytes ? '' : new TextDecoder().decode(bytes));
const shipped = (path: string) =>
  new Uint8Array(readFileSync(new URL(`../../../public/${path}`, import.meta.url)));

// -- what is written to be broken

function exampleRecord(): RecordedRun {
  const settings = presetSettings('nano');
  const events = exampleEvents();
  const series = new RunSeries();
  for (const event of events) series.add(event);
  return {
    ...{ recordedAt: '2026-02-03T04:05:06.000Z', settings, presetName: 'nano', sandbox: 'Pyodide 314' },
    origin: { versions: { 'aster-lab': '0.1.0' }, userAgent: 'a test' },
    engine: {
      ...{ engine: 'simd', backend: 'wasm', adapter: 'processor', isSoftware: true, threads: 2 },
      reason: 'A test.',
    },
    ...{ parameters: 98_000, elapsedSeconds: 12.5, tokensPerSecond: 1e5 / 3 },
    view: events.reduce((view, event, i) => reduceRun(view, event, settings, i), emptyRun(settings)),
    series: series.record(),
  };
}

const settings = presetSettings('micro');
const config = policyConfig('micro', vocabularySize);
const tensors = initialiseTensors(config, new Random('fuzz'));

const plainWeights = (dtype: 'F32' | 'F16') =>
  writeCheckpoint({ config, tensors, metadata: { phase: 'sft' } }, checkpointContext(settings), dtype);

function runCheckpoint(reference: boolean): Uint8Array {
  return writeRunCheckpoint({
    ...{ settings, tensors, optimizer: { step: 3, m: tensors, v: tensors } },
    reference: reference ? tensors : null,
    position: {
      ...{ phase: 'stage1', done: 3, round: 5, trajectories: 96, solved: [['chain/train/1/0', 3]] },
      collapse: { reference: 2.5, sampled: 64, average: 2, below: 1, since: 4, alarm: null },
    },
  });
}

const model: ReadonlyMap<string, Uint8Array> = new Map([
  ['config.json', encode(JSON.stringify(huggingFaceConfig(config, checkpointContext(settings))))],
  ['model.safetensors', plainWeights('F32')],
  [
    'tokenizer.json',
    encode(
      JSON.stringify({ model: { vocab: Object.fromEntries(tokenTexts.map((text, id) => [text, id])) } }),
    ),
  ],
]);

/** The same bits under another name: as bfloat16 they are other numbers, finite ones all the same. */
function asBfloat16(float16: Uint8Array): Uint8Array {
  const length = Number(new DataView(float16.buffer, float16.byteOffset).getBigUint64(0, true));
  const header = new TextDecoder().decode(float16.subarray(8, 8 + length)).trimEnd();
  const renamed = encode(header.replaceAll('"dtype":"F16"', '"dtype":"BF16"'));
  const padded = Math.ceil(renamed.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + float16.length - 8 - length).fill(0x20, 8, 8 + padded);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(renamed, 8);
  bytes.set(float16.subarray(8 + length), 8 + padded);
  return bytes;
}

/** The same policy in two shards. */
const shardNames = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
const shardOf = (tensor: string) => shardNames[tensor.startsWith('model.layers') ? 1 : 0];
const sharded: ReadonlyMap<string, Uint8Array> = new Map([
  ...[...model].filter(([name]) => name !== 'model.safetensors'),
  ...shardNames.map((shard) => {
    const own = [...tensors].filter(([name]) => shardOf(name) === shard);
    const stored = own.map(([name, tensor]) => [name, { dtype: 'F32' as const, ...tensor }] as const);
    return [shard, writeSafetensors({ tensors: new Map(stored), metadata: {} })] as const;
  }),
  [
    'model.safetensors.index.json',
    encode(
      JSON.stringify({
        weight_map: Object.fromEntries([...tensors.keys()].map((name) => [name, shardOf(name)])),
      }),
    ),
  ],
]);

function modelFile(name: string): Uint8Array {
  const bytes = model.get(name);
  if (bytes === undefined) throw new Error(`A model folder has no ${name}.`);
  return bytes;
}

const exampleEntry: RunEntry = {
  ...{ version: 1, id: 'run-1', createdAt: '2026-01-01T00:00:00.000Z', presetName: 'mini' },
  label: { name: 'a run', note: '', colour: 1, dash: 0, visible: true, pinned: false },
  ...{ settings: defaultSettings, source: { kind: 'live' }, parent: null, status: 'interrupted' },
  ...{ engine: null, phase: 'stage1', round: 12, elapsedSeconds: 44.5, latest: { 'train/loss': 0.5 } },
  ...{ benchmarks: [], file: { number: 1, bytes: 1000 }, deleted: false },
  saves: [{ number: 2, place: { phase: 'stage1', done: 3, round: 12 }, seconds: 40, bytes: 300_000 }],
};

// -- readers

/** Reads the model folder with one of its files replaced. */
const modelWith = (name: string, bytes: Uint8Array) =>
  refusal(() => void readModel(new Map(model).set(name, bytes)));

/** Runs `read`; a CheckpointError is a refusal. */
function refusal(read: () => void): string | null {
  try {
    read();
    return null;
  } catch (error) {
    if (error instanceof CheckpointError) return error.message;
    throw error;
  }
}

/** A message that completes “… was not opened:”. */
const completes = (message: string) => `It was not opened: ${message}`;

function readRunText(text: string): string | null {
  const read = readRunFile(text);
  if (!read.ok) return completes(read.message);
  const again = readRunFile(writeRunFile(read.run));
  if (!again.ok) throw new Error(`what was read cannot be written again: ${again.message}`);
  return null;
}

/** As the page opens a file: packed or not. */
async function readRunBlob(bytes: Uint8Array): Promise<string | null> {
  const text = await fileText(new Blob([new Uint8Array(bytes)])).catch(() => '');
  return text === undefined ? 'It is far larger than a run of this lab.' : readRunText(text);
}

export const parsers: readonly Parser[] = [
  {
    name: 'run',
    form: 'json',
    samples: () => [encode(writeRunFile(exampleRecord()))],
    read: readRunBlob,
  },
  {
    name: 'packed-run',
    form: 'gzip',
    samples: () => [new Uint8Array(gzipSync(writeRunFile(exampleRecord())))],
    read: readRunBlob,
  },
  {
    // What the page comes with: whole runs, an order of magnitude larger.
    name: 'recording',
    form: 'gzip',
    share: 0.05,
    samples: () => [shipped('runs/quick-sparse.json.gz')],
    read: readRunBlob,
  },
  {
    name: 'study',
    form: 'json',
    samples: () => [encode(JSON.stringify(exampleStudy()))],
    read: (bytes) => {
      const parsed = parseJson(decode(bytes));
      if (!parsed.ok) return completes(parsed.message);
      if (!isStudy(parsed.json)) return 'It is no study.';
      const read = readStudy(parsed.json);
      return read.ok ? null : completes(read.message);
    },
  },
  {
    name: 'cell',
    form: 'json',
    samples: () => {
      const provenance = { experiment: 'collapse', preset: 'nano', machine: 'a test', start: 'scratch' };
      return [encode(writeCell(makeCell('dense', exampleRecord(), provenance)))];
    },
    read: (bytes) => {
      const read = readCell(decode(bytes));
      return read.ok ? null : completes(read.message);
    },
  },
  {
    name: 'safetensors',
    form: 'safetensors',
    samples: () => [plainWeights('F32'), plainWeights('F16'), asBfloat16(plainWeights('F16'))],
    read: (bytes) => refusal(() => void readSafetensors(bytes)),
  },
  {
    name: 'weights',
    form: 'safetensors',
    samples: () => [plainWeights('F16'), plainWeights('F32'), runCheckpoint(false)],
    read: (bytes) => refusal(() => void readWeights(bytes, 'micro')),
  },
  {
    // A policy of any shape, as the file's own config tells it.
    name: 'policy',
    form: 'safetensors',
    samples: () => [plainWeights('F32')],
    read: (bytes) => refusal(() => void writeCheckpoint(readCheckpoint(bytes), checkpointContext(settings))),
  },
  {
    name: 'checkpoint',
    form: 'safetensors',
    samples: () => [runCheckpoint(false), runCheckpoint(true)],
    read: (bytes) => refusal(() => void readRunCheckpoint(writeRunCheckpoint(readRunCheckpoint(bytes)))),
  },
  {
    name: 'model-weights',
    form: 'safetensors',
    samples: () => [modelFile('model.safetensors'), asBfloat16(plainWeights('F16'))],
    read: (bytes) => modelWith('model.safetensors', bytes),
  },
  {
    name: 'model-shard',
    form: 'safetensors',
    samples: () => [...sharded].filter(([name]) => name === shardNames[1]).map(([, bytes]) => bytes),
    read: (bytes) => refusal(() => void readModel(new Map(sharded).set(shardNames[1], bytes))),
  },
  {
    name: 'model-config',
    form: 'json',
    samples: () => [modelFile('config.json')],
    read: (bytes) => modelWith('config.json', bytes),
  },
  {
    name: 'model-tokenizer',
    form: 'json',
    samples: () => [modelFile('tokenizer.json')],
    read: (bytes) => modelWith('tokenizer.json', bytes),
  },
  {
    name: 'model-index',
    form: 'json',
    samples: () => {
      const names = [...tensors.keys()].map((name) => [name, 'model.safetensors']);
      return [encode(JSON.stringify({ weight_map: Object.fromEntries(names) as object }))];
    },
    read: (bytes) => modelWith('model.safetensors.index.json', bytes),
  },
  {
    name: 'model-zip',
    form: 'text',
    samples: () => [zipped('model', model)],
    read: (bytes) => refusal(() => void readModel(unzipped(bytes, isModelFile))),
  },
  {
    name: 'library-row',
    form: 'json',
    samples: () => [encode(JSON.stringify(exampleEntry))],
    read: (bytes) => {
      const parsed = parseJson(decode(bytes));
      const read = readEntry(parsed.ok ? parsed.json : null);
      return read.ok ? null : read.message;
    },
  },
  {
    name: 'settings',
    form: 'json',
    samples: () => [encode(JSON.stringify(settings))],
    read: (bytes) => {
      const parsed = parseJson(decode(bytes));
      return parsed.ok && parseSettings(parsed.json) !== null
        ? null
        : 'Its settings are not ones this lab knows.';
    },
  },
  {
    name: 'lesson',
    form: 'json',
    samples: () => ['collapse', 'prior', 'rescue'].map((name) => shipped(`lessons/${name}.json`)),
    read: (bytes) => {
      const parsed = parseJson(decode(bytes));
      readLessonIndex(parsed.ok ? parsed.json : undefined);
      const read = readLesson('a-lesson', parsed.ok ? parsed.json : undefined);
      return read.ok ? null : read.message;
    },
  },
  {
    name: 'recorded-index',
    form: 'json',
    samples: () => [shipped('runs/index.json')],
    read: async (bytes) => {
      const list = await readRecordedIndex(new Blob([new Uint8Array(bytes)]));
      return list.length > 0 ? null : 'There are no recordings.';
    },
  },
  {
    name: 'base-card',
    form: 'json',
    samples: () => [shipped('bases/mini.json')],
    read: (bytes) => {
      const parsed = parseJson(decode(bytes));
      return parsed.ok && baseCardSchema.safeParse(parsed.json).success ? null : 'It is no card of a base.';
    },
  },
  {
    name: 'address',
    form: 'text',
    samples: () => [
      encode('?preset=nano-sparse&grpo.clipHigh=0.2&run.seed=7&stage1.steps=12&v=1'),
      encode('?preset=micro&run.backend=simd&policy.base=scratch'),
    ],
    read: (bytes) => {
      const query = decode(bytes);
      const { notices, ...state } = parseUrl(query);
      if (parseUrl(writeUrl(state)).notices.length > 0)
        throw new Error('what was read cannot be written again');
      if (notices.length > 20) throw new Error(`${notices.length} notices`);
      return notices.find((notice) => notice.length > 400) ?? notices[0] ?? null;
    },
  },
  {
    name: 'lesson-link',
    form: 'text',
    samples: () => [encode('?lesson=collapse&round=13&problem=2&guess=0.4,2.1&embed=1')],
    read: (bytes) => {
      const query = decode(bytes);
      viewOf(query);
      const moment = readMoment(query);
      if (writeMoment(readMoment(writeMoment(moment))) !== writeMoment(moment))
        throw new Error('what was read is another moment when it is written');
      return null;
    },
  },
  {
    name: 'asked-problem',
    form: 'text',
    samples: () => [encode('37 *2 +15 //4'), encode('12 a*3 b-7 c%5')],
    read: (bytes) => {
      const read = readProblem(decode(bytes), settings.task);
      return read.ok ? null : read.message;
    },
  },
];
