/**
 * A base policy's weights for a headless run: from the folders that bases are made into, or from a file named on the command line.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CheckpointError } from '../policy/safetensors.ts';
import { baseWeightsFile, type StartingWeights } from '../train/baseFile.ts';
import { readWeights } from '../train/checkpointFile.ts';
import type { RunSettings } from '../train/settings.ts';
import { UsageError } from './options.ts';

/** Where `npm run base` puts the bases that come with the lab, and those made for a study. */
export const baseFolders = { shipped: 'public/bases', studies: 'runs/bases' } as const;

/**
 * The weights that a run of these settings begins with; null where they are drawn freshly.
 * @param place a file, or a folder that holds the base; null: where `npm run base` puts it
 * @throws UsageError where there are none, or none that fit the policy
 */
export function readBase(
  { policy }: Pick<RunSettings, 'policy'>,
  place: string | null,
): StartingWeights | null {
  const { base: name, preset } = policy;
  if (name === 'scratch') {
    if (place === null) return null;
    throw new UsageError(
      '--base says where a base lies, but this run begins from scratch: write --set policy.base=NAME too.',
    );
  }
  const path = placesOf(name, place).find(
    (candidate) => existsSync(candidate) && statSync(candidate).isFile(),
  );
  if (path === undefined) {
    throw new UsageError(
      `The base “${name}” is not ${place === null ? 'here' : `at ${place}`}: make it with npm run base -- --base ${name}, or say where it is with --base.`,
    );
  }
  const bytes = readFileSync(path);
  try {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { tensors: readWeights(bytes, preset), base: { name, sha256 } };
  } catch (error) {
    throw error instanceof CheckpointError ? new UsageError(`${path}: ${error.message}`) : error;
  }
}

function placesOf(name: string, place: string | null): string[] {
  const file = baseWeightsFile(name);
  if (place !== null) return [place, join(place, file)];
  // The working folder first, then the lab's own, above the bundle that runs (node_modules/.aster-cli).
  const roots = ['.', join(dirname(fileURLToPath(import.meta.url)), '../..')];
  return roots.flatMap((root) => Object.values(baseFolders).map((folder) => join(root, folder, file)));
}
