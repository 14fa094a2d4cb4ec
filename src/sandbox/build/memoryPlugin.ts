/**
 * The Vite plugin behind `import memory from './driver.py?memory'`: the address of a file with the memory of a Python that has loaded
 * the driver and run no cell, packed; made at build time, once for every visitor. Null in the dev server and in the unit tests, where Python starts
 * from the beginning.
 *
 * The driver is in that memory, so its name has a hash: a page never begins with what belongs to another version of it.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { loadPyodide } from 'pyodide';
import type { Plugin } from 'vite';
import { startPython } from '../interpreter.ts';

export function pythonMemory(): Plugin {
  let isBuild = false;
  return {
    name: 'python-memory',
    enforce: 'pre',
    configResolved({ command }) {
      isBuild = command === 'build';
    },
    async load(id) {
      const driver = /^(.*)\?memory$/.exec(id)?.[1];
      if (driver === undefined) return undefined;
      if (!isBuild) return 'export default null;';
      const source = await promisify(gzip)(await memoryOf(driver));
      const file = this.emitFile({ type: 'asset', name: 'python-memory.gz', source });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
  };
}

/** Throws where Pyodide gives no memory away: its private interface is another one then. */
async function memoryOf(driverPath: string): Promise<Uint8Array> {
  const [driver, guard] = await Promise.all([
    readFile(driverPath, 'utf8'),
    readFile(join(dirname(driverPath), 'guard.py'), 'utf8'),
  ]);
  const location = `${dirname(createRequire(import.meta.url).resolve('pyodide/package.json'))}/`;
  const files = {
    sources: { driver, guard },
    loadPyodide,
    config: { indexURL: location },
    snapshot: null,
  };
  const { snapshot } = await startPython(files, true, () => undefined);
  if (snapshot === null) throw new Error('This version of Pyodide gives no memory to begin with.');
  return snapshot;
}
