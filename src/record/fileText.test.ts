import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fileText } from './fileText.ts';

const text = '{"größe":[1,2,3]}'.repeat(5000);
const packed = new Uint8Array(gzipSync(text));

describe('fileText', () => {
  it('reads text as it is', async () => {
    expect(await fileText(new Blob([text]))).toBe(text);
    expect(await fileText(new Blob([]))).toBe('');
  });

  it('unpacks what is packed', async () => {
    expect(packed.byteLength).toBeLessThan(text.length / 50);
    expect(await fileText(new Blob([packed]))).toBe(text);
  });

  it('rejects what is packed and damaged', async () => {
    await expect(fileText(new Blob([packed.slice(0, -20)]))).rejects.toThrow();
    await expect(
      fileText(new Blob([packed.map((byte, i) => (i > 40 ? byte ^ 255 : byte))])),
    ).rejects.toThrow();
  });

  it('gives up on what is, or becomes, too large', async () => {
    const most = new Blob([text]).size;
    expect(await fileText(new Blob([text]), most)).toBe(text);
    expect(await fileText(new Blob([text]), most - 1)).toBeUndefined();
    expect(packed.byteLength).toBeLessThan(most - 1);
    expect(await fileText(new Blob([packed]), most)).toBe(text);
    expect(await fileText(new Blob([packed]), most - 1)).toBeUndefined();
  });
});
