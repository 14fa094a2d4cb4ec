/**
 * The benchmark in a real page: its worker, the wall clock and the versions. One for the page, made when it is first asked for.
 */
import { dependencies, name, version } from '../../package.json';
import type { FromBench } from '../worker/benchProtocol.ts';
import { BenchRunner, type BenchPort } from './benchRunner.ts';

let runner: BenchRunner | undefined;

/** It outlives the panel that shows it, so that a person may look elsewhere while it goes on. */
export function pageBenchmark(): BenchRunner {
  return (runner ??= new BenchRunner({
    createWorker,
    date: () => new Date().toISOString(),
    host: navigator.userAgent,
    versions: { [name]: version, tfjs: dependencies['@tensorflow/tfjs'] },
  }));
}

function createWorker(): BenchPort {
  const worker = new Worker(new URL('../worker/bench.worker.ts', import.meta.url), { type: 'module' });
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) =>
      worker.addEventListener('message', (event: MessageEvent<FromBench>) => listener(event.data)),
    onError: (listener) => {
      worker.addEventListener('error', (event) => {
        event.preventDefault();
        listener(event.message || 'its script could not be loaded; reload the page.');
      });
      worker.addEventListener('messageerror', () => listener('it sent a message that cannot be read.'));
    },
    terminate: () => worker.terminate(),
  };
}
