/**
 * The Vite plugin behind `import('./assembly/index.ts?kernels=plain')`: the compiled kernels as base64 text.
 *
 * Text in a module, and not a file beside it, because that works alike in the page, in its workers, in Node's bundles and in the
 * tests; a build is some tens of kilobytes, and the engine imports only the one that it runs.
 */
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { compileKernels, kernelSources } from './compileKernels.ts';

export function simdKernels(): Plugin {
  let root = process.cwd();
  return {
    name: 'simd-kernels',
    enforce: 'pre',
    configResolved(config) {
      root = config.root;
    },
    async load(id) {
      const build = /[?&]kernels=(plain|relaxed)$/.exec(id)?.[1];
      if (build !== 'plain' && build !== 'relaxed') return undefined;
      for (const name of (await kernelSources(root)).keys()) {
        this.addWatchFile(join(root, 'src/engine/simd/assembly', name));
      }
      const bytes = await compileKernels(root, build);
      return `export default ${JSON.stringify(Buffer.from(bytes).toString('base64'))};`;
    },
  };
}
