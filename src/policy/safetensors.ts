/**
 * The safetensors file format: an 8-byte little-endian header length, a JSON header, then the tensors' bytes.
 *
 * Invariants. (1) What is written here reads back bit for bit, here and in Python's `safetensors`: header padded with
 * spaces to 8 bytes, offsets contiguous, `__metadata__` of strings only, with `format: "pt"` (without it some loaders
 * refuse the file). (2) A malformed file is a `CheckpointError` with one sentence for people; no length in
 * the file is trusted before it is checked against the bytes that are there. (3) Tensors lie one after the other and fill the file, as the
 * reference implementation demands: two that share bytes would make a small file a large one in memory.
 * Format: https://huggingface.co/docs/safetensors.
 */

import * as limits from '../foreign/limits.ts';
import { parseJson } from '../foreign/json.ts';

/** The file is not a checkpoint this lab can read; `message` is a sentence for people. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

/** A stored tensor. Narrower floats are widened to float32 on reading; integers stay integers. */
export type StoredTensor =
  | { readonly dtype: 'F32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'I32'; readonly shape: readonly number[]; readonly data: Int32Array };

/** A tensor to be stored; `F16` are the bits of half floats (`narrowFloat16`), which read back as F32. */
export type WrittenTensor =
  | StoredTensor
  | { readonly dtype: 'F16'; readonly shape: readonly number[]; readonly data: Uint16Array };

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** `__metadata__`; `format` is written by `writeSafetensors` itself. */
  readonly metadata: Readonly<Record<string, string>>;
}

export function writeSafetensors(file: {
  readonly tensors: ReadonlyMap<string, WrittenTensor>;
  readonly metadata: SafetensorsFile['metadata'];
}): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { ...file.metadata, format: 'pt' } };
  let size = 0;
  for (const [name, tensor] of file.tensors) {
    const end = size + tensor.data.byteLength;
    header[name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [size, end] };
    size = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength);
  bytes.set(json, 8);
  let at = 8 + headerLength;
  for (const { data } of file.tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at); // typed arrays are little-endian here
    at += data.byteLength;
  }
  return bytes;
}

export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes);
  const data = bytes.subarray(dataStart);
  const places: Place[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') metadata = readMetadata(entry);
    else places.push(readPlace(name, entry, data.length));
  }
  checkPlaces(places, data.length);
  return { tensors: new Map(places.map((place) => [place.name, readTensor(place, data)])), metadata };
}

function readHeader(bytes: Uint8Array): { header: object; dataStart: number } {
  if (bytes.length < 8)
    throw new CheckpointError('This is not a safetensors file: it has fewer than 8 bytes.');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (8 + length > bytes.length) {
    throw new CheckpointError(
      'This is not a safetensors file, or it is cut off: its header is longer than the file.',
    );
  }
  if (length > limits.headerBytes)
    throw new CheckpointError('This file’s header is far larger than that of any policy of this lab.');
  const parsed = parseJson(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  if (!parsed.ok || !isRecord(parsed.json))
    throw new CheckpointError('This is not a safetensors file: its header is not a JSON object.');
  if (Object.keys(parsed.json).length > limits.tensors)
    throw new CheckpointError(
      `This file holds more than ${limits.tensors} tensors, which no policy here has.`,
    );
  return { header: parsed.json, dataStart: 8 + length };
}

function readMetadata(entry: unknown): Record<string, string> {
  if (!isRecord(entry)) throw new CheckpointError('The file is damaged: its metadata is not a JSON object.');
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== 'string') {
      throw new CheckpointError(`The file is damaged: its metadata "${key}" is not text.`);
    }
    metadata[key] = value;
  }
  return metadata;
}

const bytesPerElement: Readonly<Record<string, number>> = { F32: 4, I32: 4, F16: 2, BF16: 2 };

interface Place {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes from the end of the header. */
  readonly start: number;
  readonly end: number;
}

/** Where a tensor lies, checked against its own size and the file's. Nothing is allocated. */
function readPlace(name: string, entry: unknown, available: number): Place {
  const damaged = (what: string) =>
    new CheckpointError(`The file is damaged: tensor "${shown(name)}" ${what}.`);
  if (!isRecord(entry)) throw damaged('has no description');
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isSizes(shape) || shape.length > limits.dimensions)
    throw damaged('has no shape that a policy’s can have');
  if (!isSizes(offsets) || offsets.length !== 2) throw damaged('has no place in the file');
  const [start = 0, end = 0] = offsets;
  if (end < start || end > available) throw damaged('lies outside the file (is the file cut off?)');
  const elementSize =
    typeof dtype === 'string' && Object.hasOwn(bytesPerElement, dtype) ? bytesPerElement[dtype] : undefined;
  if (typeof dtype !== 'string' || elementSize === undefined) {
    throw new CheckpointError(
      `Tensor "${shown(name)}" is stored as ${typeof dtype === 'string' ? shown(dtype) : 'no type'}; this lab reads F32, F16, BF16 and I32.`,
    );
  }
  const count = shape.reduce((product, n) => product * n, 1);
  if (end - start !== count * elementSize) throw damaged('has a size that does not fit its shape');
  return { name, dtype, shape, start, end };
}

/** @throws CheckpointError where tensors share bytes, or leave some that belong to none */
function checkPlaces(places: readonly Place[], available: number): void {
  let last = 0;
  for (const { name, start, end } of [...places].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < last)
      throw new CheckpointError(`The file is damaged: tensor "${shown(name)}" lies on top of another one.`);
    if (start > last)
      throw new CheckpointError(`The file is damaged: bytes before tensor "${shown(name)}" belong to none.`);
    last = end;
  }
  if (last !== available)
    throw new CheckpointError('The file is damaged: bytes at its end belong to no tensor.');
}

function readTensor({ dtype, shape, start, end }: Place, data: Uint8Array): StoredTensor {
  const copy = new Uint8Array(data.subarray(start, end)).buffer; // aligned, and a copy also of a Node Buffer
  if (dtype === 'I32') return { dtype, shape, data: new Int32Array(copy) };
  if (dtype === 'F32') return { dtype, shape, data: new Float32Array(copy) };
  const widen = dtype === 'BF16' ? widenBfloat16 : widenFloat16;
  return { dtype: 'F32', shape, data: Float32Array.from(new Uint16Array(copy), widen) };
}

/** A name from a file, short enough for a sentence. */
function shown(name: string): string {
  return name.length <= 80 ? name : `${name.slice(0, 79)}…`;
}

const scratch = new DataView(new ArrayBuffer(4));

function widenBfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

function widenFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24; // zero and subnormals
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const bits = new Uint32Array(scratch.buffer); // host order, as is the float beside it
const float = new Float32Array(scratch.buffer);

/** The bits of the half float nearest to `value`, ties to even; beyond its range, infinity. */
export function narrowFloat16(value: number): number {
  float[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const exponent = ((word >>> 23) & 0xff) - 112; // rebiased from 127 to 15
  const fraction = word & 0x7fffff;
  if (exponent >= 31) return Number.isNaN(value) ? sign | 0x7e00 : sign | 0x7c00;
  if (exponent < -10) return sign;
  // A subnormal half keeps its leading one and fewer bits of the fraction; a carry out of the fraction belongs in the exponent.
  const shift = exponent <= 0 ? 14 - exponent : 13;
  const whole = exponent <= 0 ? fraction | 0x800000 : (exponent << 23) | fraction;
  const kept = whole >>> shift;
  const lost = whole - kept * 2 ** shift;
  const half = 2 ** (shift - 1);
  return sign | (kept + (lost > half || (lost === half && (kept & 1) === 1) ? 1 : 0));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
}
