/**
 * The speed test in a real page: its worker, the wall clock and the versions. There is one for the page, made when it is first asked for.
 */
import { dependencies, name, version } from '../../package.json';
import { SpeedTestRunner, type SpeedTestPort } from './speedTest.ts';
import { workerPort } from './workerPort.ts';

let runner: SpeedTestRunner | undefined;

/** It outlives the panel that shows it, so that a person may look elsewhere while it goes on. */
export function pageSpeedTest(): SpeedTestRunner {
  return (runner ??= new SpeedTestRunner({
    createWorker,
    date: () => new Date().toISOString(),
    host: navigator.userAgent,
    versions: { [name]: version, tfjs: dependencies['@tensorflow/tfjs'] },
  }));
}

function createWorker(): SpeedTestPort {
  return workerPort(
    new Worker(new URL('../worker/speedTest.worker.ts', import.meta.url), { type: 'module' }),
  );
}
