/**
 * A base policy's weights for a run in the page: fetched from beside the page, checked against the policy that is to begin with them.
 *
 * Invariant: whatever is wrong is one `CheckpointError` with a sentence that says what to do.
 */
import { CheckpointError } from '../policy/safetensors.ts';
import { baseWeightsFile, type StartingWeights } from '../train/baseFile.ts';
import { readWeights } from '../train/checkpointFile.ts';
import type { RunSettings } from '../train/settings.ts';

/**
 * The weights that a run of these settings begins with; null where they are drawn freshly.
 * @param baseUrl the page's own address; bases lie below it
 */
export async function fetchBase(
  { policy }: RunSettings,
  baseUrl: string,
  load: (url: string) => Promise<Response> = fetch,
): Promise<StartingWeights | null> {
  const { base: name, preset } = policy;
  if (name === 'scratch') return null;
  const missing = (why: string) =>
    new CheckpointError(
      `The base “${name}” could not be loaded (${why}); choose another one in the settings (Policy, Begins from), or “scratch”.`,
    );
  let bytes: Uint8Array;
  try {
    const response = await load(new URL(`bases/${baseWeightsFile(name)}`, baseUrl).href);
    // A server that answers every address with its page has no such file either.
    const isPage = response.headers.get('content-type')?.includes('text/html') === true;
    if (!response.ok || isPage) throw missing('this site does not have it');
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw missing('the site did not answer');
  }
  try {
    return { tensors: readWeights(bytes, preset), base: { name, sha256: await sha256(bytes) } };
  } catch (error) {
    throw error instanceof CheckpointError
      ? new CheckpointError(`The base “${name}”: ${error.message}`)
      : error;
  }
}

/** Null where the browser has no `crypto.subtle`: on addresses that are not secure. */
async function sha256(bytes: Uint8Array): Promise<string | null> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle;
  if (subtle === undefined) return null;
  const digest = await subtle.digest('SHA-256', bytes as BufferSource);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
