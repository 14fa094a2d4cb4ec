/**
 * The Vite plugin behind `import text from './nodePython.ts?script=node'`: a whole script as text, bundled by itself.
 *
 * Python's workers are handed their code, and load none: the frame in the page has no origin to load it from, and the process of the
 * command line may read no file but Python's. `browser` is a classic script, `node` an ES module.
 */
import { dirname } from 'node:path';
import { build, type Plugin } from 'vite';

export function scripts(): Plugin {
  const made = new Map<string, Promise<string>>();
  return {
    name: 'scripts',
    enforce: 'pre',
    async load(id) {
      const [, entry, target] = /^(.*)\?script=(browser|node)$/.exec(id) ?? [];
      if (entry === undefined || (target !== 'browser' && target !== 'node')) return undefined;
      this.addWatchFile(entry);
      let text = made.get(id);
      // In the dev server a change needs a restart, as a change of the configuration does.
      if (text === undefined) made.set(id, (text = bundle(entry, target)));
      return `export default ${JSON.stringify(await text)};`;
    },
  };
}

async function bundle(entry: string, target: 'browser' | 'node'): Promise<string> {
  const output = await build({
    configFile: false,
    root: dirname(entry),
    publicDir: false,
    logLevel: 'error',
    ...(target === 'node' ? { ssr: { noExternal: true, external: ['pyodide'] } } : {}),
    build: {
      write: false,
      minify: true,
      target: target === 'node' ? 'node20' : 'es2023',
      ssr: target === 'node',
      rollupOptions: { input: entry, output: { format: target === 'node' ? 'es' : 'iife' } },
    },
  });
  const [bundled] = Array.isArray(output) ? output : [output];
  if (bundled === undefined || !('output' in bundled) || bundled.output.length !== 1)
    throw new Error(`${entry} is not one script.`);
  return bundled.output[0].code;
}
