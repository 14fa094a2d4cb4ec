import { describe, expect, it } from 'vitest';
import { Random } from '../random/random.ts';
import {
  huggingFaceConfig,
  policyConfigFromHuggingFace,
  readCheckpoint,
  writeCheckpoint,
} from './checkpoint.ts';
import { parameterCount, policyConfig, policyPresetNames, tensorShapes } from './config.ts';
import { initialiseTensors } from './initialise.ts';
import { CheckpointError, readSafetensors, writeSafetensors } from './safetensors.ts';

const context = { maxPositionEmbeddings: 256, bosTokenId: 1, eosTokenId: 2, padTokenId: 0 };
const config = policyConfig('micro', 30);
const checkpoint = () => ({
  config,
  tensors: initialiseTensors(config, new Random(1)),
  metadata: { run: 'a run', step: '12' },
});

/** A safetensors file with any header, to break. */
function fileOf(header: unknown, data = new Uint8Array(64)): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const described = huggingFaceConfig(config, context);

describe('checkpoints', () => {
  it.each(policyPresetNames.slice(0, 3))('round trip bit for bit: %s', (preset) => {
    for (const tieWordEmbeddings of [true, false]) {
      const config = { ...policyConfig(preset, 60), tieWordEmbeddings };
      const tensors = initialiseTensors(config, new Random(preset));
      const metadata = { run: 'ümlaut' };
      expect(readCheckpoint(writeCheckpoint({ config, tensors, metadata }, context))).toEqual({
        config,
        tensors,
        metadata,
      });
    }
  });

  it('writes what Python reads: an aligned header, contiguous offsets, strings for metadata', () => {
    const bytes = writeCheckpoint(checkpoint(), context);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect((8 + length) % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
      string,
      { data_offsets: [number, number]; dtype: string; shape: number[] }
    >;
    const { __metadata__: metadata, ...tensors } = header;
    expect(metadata).toMatchObject({ format: 'pt', step: '12' });
    for (const value of Object.values(metadata ?? {})) expect(typeof value).toBe('string');
    let end = 0;
    for (const { data_offsets: offsets, dtype } of Object.values(tensors)) {
      expect(offsets[0]).toBe(end);
      expect(dtype).toBe('F32');
      end = offsets[1];
    }
    expect(8 + length + end).toBe(bytes.length);
    expect(end).toBe(4 * parameterCount(config));
    expect(Object.keys(tensors)).toEqual([...tensorShapes(config).keys()]);
  });

  it('reads from any offset of a buffer, as Node hands files over', () => {
    const bytes = writeCheckpoint(checkpoint(), context);
    const pool = new Uint8Array(bytes.length + 3);
    pool.set(bytes, 3);
    expect(readCheckpoint(pool.subarray(3))).toEqual(checkpoint());
    expect(readCheckpoint(Buffer.from(bytes))).toEqual(checkpoint());
  });

  it("describes the policy in Hugging Face's words and recovers it", () => {
    const described = huggingFaceConfig(config, context);
    expect(described).toMatchObject({
      architectures: ['Qwen3ForCausalLM'],
      head_dim: config.headDim,
      rope_theta: config.ropeTheta,
      rope_parameters: { rope_theta: config.ropeTheta },
      layer_types: ['full_attention', 'full_attention'],
    });
    expect(policyConfigFromHuggingFace(JSON.parse(JSON.stringify(described)))).toEqual(config);
    // transformers 5 writes theta in rope_parameters only
    expect(policyConfigFromHuggingFace({ ...described, rope_theta: undefined })).toEqual(config);
  });

  it('takes the config from beside the weights, for a file from elsewhere', () => {
    const { tensors } = checkpoint();
    const stored = new Map([...tensors].map(([name, t]) => [name, { dtype: 'F32' as const, ...t }]));
    const bytes = writeSafetensors({ tensors: stored, metadata: {} });
    expect(() => readCheckpoint(bytes)).toThrow(/config\.json/);
    expect(readCheckpoint(bytes, huggingFaceConfig(config, context)).tensors).toEqual(tensors);
  });

  it.each([
    ['no object', 7, /JSON object/],
    ['another model', { model_type: 'llama' }, /"llama"/],
    ['a missing size', { ...huggingFaceConfig(config, context), head_dim: undefined }, /head_dim/],
    ['heads that do not divide', { ...huggingFaceConfig(config, context), num_key_value_heads: 3 }, /divide/],
    ['a billion layers', { ...described, num_hidden_layers: 1e9 }, /up to 512/],
    ['an odd head', { ...huggingFaceConfig(config, context), head_dim: 15 }, /odd/],
    ['biases', { ...huggingFaceConfig(config, context), attention_bias: true }, /biases/],
    [
      'scaled positions',
      { ...described, rope_scaling: { rope_type: 'yarn', factor: 4 } },
      /rotary positions/,
    ],
    [
      'scaled positions, as transformers 5 writes them',
      { ...described, rope_parameters: { rope_type: 'linear', rope_theta: 1e4 } },
      /rotary positions/,
    ],
    ['two rotary bases', { ...described, rope_theta: 1e6 }, /two different values of rope_theta/],
    ['a sliding window', { ...described, use_sliding_window: true }, /sliding window/],
    ['a sliding layer', { ...described, layer_types: ['sliding_attention'] }, /sliding window/],
    ['another activation', { ...described, hidden_act: 'gelu' }, /"gelu".*"silu"/],
  ])('refuses a config with %s', (_, value, message) => {
    expect(() => policyConfigFromHuggingFace(value)).toThrow(message);
    expect(() => policyConfigFromHuggingFace(value)).toThrow(CheckpointError);
  });

  it('refuses weights that are missing, misshapen, too many or not finite', () => {
    const broken = (
      change: (tensors: Map<string, { shape: readonly number[]; data: Float32Array }>) => void,
    ) => {
      const { tensors, ...rest } = checkpoint();
      const changed = new Map(tensors);
      change(changed);
      return () => writeCheckpoint({ ...rest, tensors: changed }, context);
    };
    const norm = { shape: [32], data: new Float32Array(32) };
    expect(broken((t) => t.delete('model.norm.weight'))).toThrow(/no tensor "model\.norm\.weight"/);
    expect(broken((t) => t.set('model.norm.weight', { shape: [31], data: new Float32Array(31) }))).toThrow(
      /\[31\]/,
    );
    expect(broken((t) => t.set('extra', norm))).toThrow(/"extra"/);
    expect(broken((t) => t.set('model.norm.weight', { ...norm, data: norm.data.fill(NaN) }))).toThrow(
      /not finite/,
    );
  });
});

describe('safetensors', () => {
  const tensor = (dtype: string, shape: number[], end: number, start = 0) => ({
    x: { dtype, shape, data_offsets: [start, end] },
  });

  it('widens half precision and keeps integers', () => {
    const halves = new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00).buffer); // 1, -2, 2^-24, infinity
    expect(readSafetensors(fileOf(tensor('F16', [4], 8), halves)).tensors.get('x')?.data).toEqual(
      Float32Array.of(1, -2, 2 ** -24, Infinity),
    );
    const brains = new Uint8Array(Uint16Array.of(0x3f80, 0xc000).buffer); // 1, -2
    expect(readSafetensors(fileOf(tensor('BF16', [2], 4), brains)).tensors.get('x')?.data).toEqual(
      Float32Array.of(1, -2),
    );
    const integers = new Uint8Array(Int32Array.of(-5, 7).buffer);
    expect(readSafetensors(fileOf(tensor('I32', [2], 8), integers)).tensors.get('x')?.data).toEqual(
      Int32Array.of(-5, 7),
    );
  });

  it.each([
    ['nothing', new Uint8Array(3), /fewer than 8/],
    ['a header longer than the file', new Uint8Array(16).fill(255), /cut off/],
    ['no JSON', fileOf('{"x":'), /not a JSON object/],
    ['a list', fileOf([]), /not a JSON object/],
    ['no description', fileOf({ x: 3 }), /"x"/],
    ['a negative size', fileOf(tensor('F32', [-1], 4)), /shape/],
    ['a place outside', fileOf(tensor('F32', [64], 256)), /outside the file/],
    ['a place backwards', fileOf(tensor('F32', [1], 4, 8)), /outside the file/],
    ['another size', fileOf(tensor('F32', [3], 16)), /does not fit/],
    ['another type', fileOf(tensor('F64', [2], 16)), /F64/],
    [
      'tensors on top of each other',
      fileOf({ ...tensor('F32', [16], 64), y: { dtype: 'F32', shape: [16], data_offsets: [0, 64] } }),
      /on top of another/,
    ],
    [
      'bytes between two tensors',
      fileOf({ ...tensor('F32', [8], 32), y: { dtype: 'F32', shape: [4], data_offsets: [48, 64] } }),
      /belong to none/,
    ],
    ['bytes at the end', fileOf(tensor('F32', [8], 32)), /belong to no tensor/],
    ['too many dimensions', fileOf(tensor('F32', Array<number>(9).fill(1), 4)), /shape/],
    [
      'too many tensors',
      fileOf(Object.fromEntries(Array.from({ length: 20_001 }, (_, i) => [`x${i}`, 0]))),
      /more than 20000 tensors/,
    ],
    ['metadata that is not text', fileOf({ __metadata__: { step: 3 } }), /"step"/],
  ])('refuses a file with %s, in a sentence', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(message);
    expect(() => readSafetensors(bytes)).toThrow(CheckpointError);
  });

  it('refuses a file that was cut off anywhere', () => {
    const whole = writeCheckpoint(checkpoint(), context);
    for (let cut = 0; cut < whole.length; cut += 997) {
      expect(() => readCheckpoint(whole.slice(0, cut))).toThrow(CheckpointError);
    }
  });
});
