/** For tests only: a benchmark whose workers say what a test tells them to. */
import type { FromBench, ToBench } from '../../worker/speedTestProtocol.ts';
import { BenchRunner, type BenchPort } from '../speedTest.ts';

export { benchReportMessage } from '../../worker/testing/speedTest.ts';

export class FakeBenchWorker implements BenchPort {
  readonly received: ToBench[] = [];
  terminated = false;
  crash: (message: string) => void = () => undefined;
  #listener: (message: FromBench) => void = () => undefined;

  post(message: ToBench): void {
    this.received.push(structuredClone(message));
  }
  onMessage(listener: (message: FromBench) => void): void {
    this.#listener = listener;
  }
  onError(listener: (message: string) => void): void {
    this.crash = listener;
  }
  terminate(): void {
    this.terminated = true;
  }
  say(message: FromBench): void {
    this.#listener(structuredClone(message));
  }
}

export function fakeBench() {
  const workers: FakeBenchWorker[] = [];
  const runner = new BenchRunner({
    createWorker: () => {
      const worker = new FakeBenchWorker();
      workers.push(worker);
      return worker;
    },
    date: () => '2026-01-02T03:04:05.000Z',
    host: 'a test',
    versions: { 'aster-lab': 'test' },
  });
  const newest = () => {
    const worker = workers.at(-1);
    if (!worker) throw new Error('No worker was started.');
    return worker;
  };
  return { runner, workers, newest };
}
