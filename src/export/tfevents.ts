/**
 * TensorBoard's event files, written by hand: TFRecord framing with masked CRC-32C, and the few fields of the Event and Summary messages that
 * scalars and histograms need. There is no kept npm library for it, and it is a page of code.
 *
 * Format: tensorflow/core/lib/io/record_writer.cc; tensorflow/core/util/event.proto and framework/summary.proto.
 */

/** A value to draw: a number, or how many trajectories made 0, 1, 2 ... calls. */
export type CurveValue = number | readonly number[];

export interface CurvePoint {
  readonly step: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly values: Readonly<Record<string, CurveValue>>;
}

/** What an event file begins with. @param time seconds since 1970 */
export function eventFileHead(time: number): Uint8Array {
  return record(joined([double(1, time), text(3, 'brain.Event:2')]));
}

/** One point as a record to append. */
export function eventRecord({ step, time, values }: CurvePoint): Uint8Array {
  const summary = Object.entries(values).map(([tag, value]) =>
    bytes(
      1,
      joined([text(1, tag), typeof value === 'number' ? float(2, value) : bytes(5, histogram(value))]),
    ),
  );
  return record(joined([double(1, time), varint(2, step), bytes(5, joined(summary))]));
}

/** // counts [calls + 1], of whole numbers from 0 */
function histogram(counts: readonly number[]): Uint8Array {
  const number = counts.reduce((sum, count) => sum + count, 0);
  const moment = (power: number) => counts.reduce((sum, count, calls) => sum + count * calls ** power, 0);
  const used = counts.flatMap((count, calls) => (count > 0 ? [calls] : []));
  return joined([
    double(1, used[0] ?? 0),
    double(2, used.at(-1) ?? 0),
    double(3, number),
    double(4, moment(1)),
    double(5, moment(2)),
    bytes(6, doubles(counts.map((_, calls) => calls + 0.5))),
    bytes(7, doubles(counts)),
  ]);
}

function record(data: Uint8Array): Uint8Array {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(data.length), true);
  return joined([length, word(maskedCrc(length)), data, word(maskedCrc(data))]);
}

function word(value: number): Uint8Array {
  const four = new Uint8Array(4);
  new DataView(four.buffer).setUint32(0, value, true);
  return four;
}

// -- protocol buffers: a field's number and wire type, then its value

const key = (field: number, wire: number) => Uint8Array.of((field << 3) | wire); // fields below 16

function varint(field: number, value: number): Uint8Array {
  return joined([key(field, 0), varintBytes(value)]);
}

function varintBytes(value: number): Uint8Array {
  const parts: number[] = [];
  let rest = value;
  while (rest >= 128) {
    parts.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.of(...parts, rest);
}

function double(field: number, value: number): Uint8Array {
  return joined([key(field, 1), doubles([value])]);
}

function doubles(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  values.forEach((value, i) => view.setFloat64(8 * i, value, true));
  return new Uint8Array(view.buffer);
}

function float(field: number, value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value, true);
  return joined([key(field, 5), new Uint8Array(view.buffer)]);
}

function bytes(field: number, value: Uint8Array): Uint8Array {
  return joined([key(field, 2), varintBytes(value.length), value]);
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(value));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// -- CRC-32C (Castagnoli), as TFRecord masks it

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C of the bytes. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 0xff]!; // 256 entries
  return (crc ^ 0xffffffff) >>> 0;
}

function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
