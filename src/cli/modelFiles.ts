/**
 * A model on disk: what `--weights` names, and what a run's folder holds.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isModelFile, readModel, type ReadModel } from '../export/readModel.ts';
import { CheckpointError } from '../policy/safetensors.ts';
import type { BaseOrigin } from '../train/baseFile.ts';
import { UsageError } from './options.ts';

/**
 * @param path a folder, a .safetensors file (with config.json beside it where it does not carry its config), or the index of shards
 * @throws UsageError
 */
export function readModelPath(path: string): ReadModel & { readonly origin: BaseOrigin } {
  if (!existsSync(path))
    throw new UsageError(`There is no ${path}; --weights takes a model folder or a .safetensors file.`);
  try {
    const files = new Map(modelPaths(path).map((file) => [basename(file), readFileSync(file)]));
    const hash = createHash('sha256');
    for (const [name, bytes] of files) if (name.endsWith('.safetensors')) hash.update(bytes);
    return { ...readModel(files), origin: { name: basename(path), sha256: hash.digest('hex') } };
  } catch (error) {
    if (error instanceof CheckpointError) throw new UsageError(`${path}: ${error.message}`);
    throw new UsageError(
      `The weights ${path} cannot be read; --weights takes a model folder or a .safetensors file.`,
    );
  }
}

function modelPaths(path: string): string[] {
  if (statSync(path).isDirectory()) return modelFilesIn(path);
  if (path.endsWith('.json')) return modelFilesIn(dirname(path));
  const beside = ['config.json', 'tokenizer.json'].map((name) => join(dirname(path), name));
  // A run's folder has a config.json too, of another kind; its weights carry their own.
  const isRunFolder =
    existsSync(join(dirname(path), 'metrics.jsonl')) || existsSync(join(dirname(path), 'index.json'));
  return [path, ...(isRunFolder ? [] : beside.filter((file) => existsSync(file)))];
}

const modelFilesIn = (folder: string) =>
  readdirSync(folder)
    .filter(isModelFile)
    .sort()
    .map((name) => join(folder, name));
