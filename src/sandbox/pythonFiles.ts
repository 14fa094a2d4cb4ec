/**
 * Python's files, fetched by the page, once for all its frames. Bytes are counted on the way, for a progress bar.
 */
import memoryUrl from './driver.py?memory';

export interface PythonDownload {
  /** Pyodide's JavaScript as a classic script that leaves `createPyodideModule`. */
  readonly javascript: string;
  readonly wasm: ArrayBuffer;
  readonly stdlib: Uint8Array;
  readonly lock: string;
  /** The memory of a Python that has just started, with our driver in it; null where there is none to be had. */
  readonly snapshot: Uint8Array | null;
}

/** Bytes so far, and the total, null where a server does not give one. */
type Report = (loadedBytes: number, totalBytes: number | null) => void;

const downloads = new Map<string, Promise<PythonDownload>>();

/** @param location the folder's URL, with a slash at its end. Rejects where a file is missing; the next call tries again. */
export function fetchPython(location: string, report: Report): Promise<PythonDownload> {
  let download = downloads.get(location);
  if (download === undefined) {
    download = fetchAll(location, report);
    downloads.set(location, download);
    download.catch(() => downloads.delete(location));
  }
  return download;
}

/** The next call downloads anew: for tests, whose page is one for all of them. */
export function forgetDownloads(): void {
  downloads.clear();
}

async function fetchAll(location: string, report: Report): Promise<PythonDownload> {
  let loaded = 0;
  let total: number | null = 0;
  const file = async (name: string): Promise<Response> => {
    const response = await fetch(new URL(name, location));
    if (!response.ok || response.body === null) throw new Error(`${name}: ${response.status}`);
    // The length of a compressed body says nothing about the bytes that come out of it.
    const length = response.headers.has('content-encoding') ? null : response.headers.get('content-length');
    total = length === null || total === null ? null : total + Number(length);
    const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        loaded += chunk.byteLength;
        report(loaded, total);
        controller.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(counter));
  };
  const [javascript, wasm, stdlib, lock, snapshot] = await Promise.all([
    file('pyodide.asm.mjs').then((response) => response.text()),
    file('pyodide.asm.wasm').then((response) => response.arrayBuffer()),
    file('python_stdlib.zip').then((response) => response.arrayBuffer()),
    file('pyodide-lock.json').then((response) => response.text()),
    memoryUrl === null
      ? null
      : file(memoryUrl)
          .then(unpacked)
          .catch(() => null), // Python starts without it, seconds later
  ]);
  return { javascript: classicScript(javascript), wasm, stdlib: new Uint8Array(stdlib), lock, snapshot };
}

/** Some servers unpack what they send, so its first bytes say whether it still is packed. */
async function unpacked(response: Response): Promise<Uint8Array> {
  const body = new Uint8Array(await response.arrayBuffer());
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body;
  const stream = new Blob([body]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A module cannot be had where nothing can be loaded: its one export becomes a variable, and its address nobody's. */
export function classicScript(module: string): string {
  const script = module
    .replace(/export default (\w+);\s*$/, 'const createPyodideModule = $1;')
    .replaceAll('import.meta.url', '"https://python.invalid/"');
  if (!script.includes('const createPyodideModule') || script.includes('import.meta'))
    throw new Error('pyodide.asm.mjs is not of the version that this page was made for');
  return script;
}
