/**
 * Compiles the AssemblyScript in `assembly/` to WebAssembly, at build time and in Node only.
 *
 * The result is kept in node_modules/.cache by the text of the sources, so that a test run or a second build compiles nothing.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { KernelBuild } from '../kernelModule.ts';

/** The compiler's options; `assembly/kernels/lanes.ts` asks which of the two builds it is in. */
const options = (build: KernelBuild): string[] => [
  ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--noAssert'],
  ...['--runtime', 'minimal', '--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
  ...['--enable', 'simd', '--enable', 'threads'],
  ...(build === 'relaxed' ? ['--enable', 'relaxed-simd'] : []),
];

/**
 * The bytes of a build.
 * @param root the repository's folder; sources and cache lie under it
 * @throws Error with the compiler's messages when the sources do not compile
 */
export async function compileKernels(root: string, build: KernelBuild): Promise<Uint8Array> {
  const sources = await kernelSources(root);
  const cache = join(root, 'node_modules/.cache/simd-kernels');
  const file = join(cache, `${build}-${await digest(root, sources, build)}.wasm`);
  try {
    return await readFile(file);
  } catch {
    const running = underWay.get(file) ?? compileInto(file, sources, build);
    underWay.set(file, running);
    return running;
  }
}

/** One compilation a file: the page and each of its workers ask for the kernels in the same build. */
const underWay = new Map<string, Promise<Uint8Array>>();

async function compileInto(
  file: string,
  sources: Map<string, string>,
  build: KernelBuild,
): Promise<Uint8Array> {
  const binary = await compile(sources, build);
  await mkdir(dirname(file), { recursive: true });
  // Written aside and renamed, so that two processes that compile at once never read half a file.
  await writeFile(`${file}.${process.pid}`, binary);
  await rename(`${file}.${process.pid}`, file);
  return binary;
}

/** Every source file by its path below `assembly/`. */
export async function kernelSources(root: string): Promise<Map<string, string>> {
  const folder = join(root, 'src/engine/simd/assembly');
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts')).sort();
  const texts = names.map(
    async (name) => [name.replaceAll('\\', '/'), await readFile(join(folder, name), 'utf8')] as const,
  );
  return new Map(await Promise.all(texts));
}

async function digest(root: string, sources: Map<string, string>, build: KernelBuild): Promise<string> {
  const require = createRequire(join(root, 'package.json'));
  const { version } = require('assemblyscript/package.json') as { version: string };
  return createHash('sha256')
    .update(JSON.stringify([version, options(build), ...sources]))
    .digest('hex')
    .slice(0, 32);
}

async function compile(sources: Map<string, string>, build: KernelBuild): Promise<Uint8Array> {
  const { default: asc } = await import('assemblyscript/asc');
  let binary: Uint8Array | undefined;
  let messages = '';
  const { error } = await asc.main(['index.ts', '--outFile', 'kernels.wasm', ...options(build)], {
    readFile: (name) => sources.get(name) ?? null,
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') binary = contents;
    },
    listFiles: () => [],
    stderr: {
      write: (text) => {
        messages += String(text);
        return true;
      },
    },
  });
  if (error || !binary) {
    throw new Error(`The SIMD kernels (${build}) do not compile:\n${messages || String(error)}`);
  }
  return binary;
}
