/**
 * Which software made a result: written into every file that a command leaves behind.
 */
import { execFileSync } from 'node:child_process';
import { dependencies, name, version } from '../../package.json';

/** Package versions by name, the lab's own first. */
export function labVersions(): Record<string, string> {
  return {
    [name]: version,
    node: process.versions.node,
    pyodide: dependencies.pyodide,
    webgpu: dependencies.webgpu,
    tfjs: dependencies['@tensorflow/tfjs'],
  };
}

/** The commit of the sources, `-dirty` where they were changed since; null where they lie in no git checkout. */
export function sourceCommit(): string | null {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--exclude', '*', '--abbrev=40'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}
