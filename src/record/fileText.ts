/**
 * The text of a file, packed (gzip) or not. Runs are mostly digits, and a sixth of their size when packed.
 *
 * Invariant (fileText.test.ts): the file's first bytes say whether it is packed, never its name: some hosts unpack `.gz` on the way,
 * some do not.
 */
import { textBytes } from '../foreign/limits.ts';

/** The text, or undefined where it is larger than `most` bytes. Rejects where a packed file is damaged. */
export async function fileText(file: Blob, most = textBytes): Promise<string | undefined> {
  if (file.size > most) return undefined;
  const magic = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) return file.text();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = file.stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.byteLength;
    if (size > most) {
      await reader.cancel();
      return undefined;
    }
    parts.push(part.value);
  }
  return new Blob(parts).text();
}
