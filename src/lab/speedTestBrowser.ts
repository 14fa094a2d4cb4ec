/**
 * The benchmark in a real page: its worker, the wall clock and the versions. One for the page, made when it is first asked for.
 */
import { dependencies, name, version } from '../../package.json';
import { BenchRunner, type BenchPort } from './speedTest.ts';
import { workerPort } from './workerPort.ts';

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
  return workerPort(
    new Worker(new URL('../worker/speedTest.worker.ts', import.meta.url), { type: 'module' }),
  );
}
