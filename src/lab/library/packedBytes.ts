/**
 * Bytes as they are kept: with their SHA-256, so that a flipped bit or a missing half is noticed when they are read.
 */
export interface PackedBytes {
  readonly bytes: Uint8Array;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export async function packed(bytes: Uint8Array): Promise<PackedBytes> {
  return { bytes, sha256: await sha256(bytes) };
}

/** The bytes, or null where they are not what was kept. @param record of unknown origin */
export async function unpacked(record: unknown): Promise<Uint8Array | null> {
  if (typeof record !== 'object' || record === null) return null;
  const { bytes, sha256: kept } = record as Partial<Record<keyof PackedBytes, unknown>>;
  if (!(bytes instanceof Uint8Array)) return null;
  return (await sha256(bytes)) === kept ? bytes : null;
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(bytes));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Text as gzip. */
export async function zipped(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
