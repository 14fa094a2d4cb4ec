/**
 * Asking a policy in a real page: its worker, and weights that lie beside the page. There is one asker for the page.
 */
import { Asker, type AskPort } from './asking.ts';
import { pythonWorkerPort } from './workerPort.ts';

let asker: Asker | undefined;

/** It outlives the panel that shows it, so that its policy need not be loaded again. */
export function pageAsker(): Asker {
  return (asker ??= new Asker(createWorker, new URL('.', location.href).href));
}

function createWorker(): AskPort {
  return pythonWorkerPort(
    new Worker(new URL('../worker/ask.worker.ts', import.meta.url), { type: 'module' }),
    new URL('.', location.href).href,
  );
}

/** A file of weights beside the page. @throws a sentence where it is not there @param path relative to the page */
export async function fetchWeights(path: string): Promise<Uint8Array> {
  const response = await fetch(new URL(path, new URL('.', location.href))).catch(() => null);
  if (response === null)
    throw new Error('The weights could not be loaded; check the connection and try again.');
  if (!response.ok)
    throw new Error(`The weights of that round are not beside the page (${path}); choose another round.`);
  return new Uint8Array(await response.arrayBuffer());
}
