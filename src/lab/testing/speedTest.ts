/** For tests only: a speed test whose workers say what a test tells them to. */
import type { FromSpeedTest, ToSpeedTest } from '../../worker/speedTestProtocol.ts';
import { SpeedTestRunner, type SpeedTestPort } from '../speedTest.ts';

export { speedTestReportMessage } from '../../worker/testing/speedTest.ts';

export class FakeSpeedTestWorker implements SpeedTestPort {
  readonly received: ToSpeedTest[] = [];
  terminated = false;
  crash: (message: string) => void = () => undefined;
  #listener: (message: FromSpeedTest) => void = () => undefined;

  post(message: ToSpeedTest): void {
    this.received.push(structuredClone(message));
  }
  onMessage(listener: (message: FromSpeedTest) => void): void {
    this.#listener = listener;
  }
  onError(listener: (message: string) => void): void {
    this.crash = listener;
  }
  terminate(): void {
    this.terminated = true;
  }
  say(message: FromSpeedTest): void {
    this.#listener(structuredClone(message));
  }
}

export function fakeSpeedTest() {
  const workers: FakeSpeedTestWorker[] = [];
  const runner = new SpeedTestRunner({
    createWorker: () => {
      const worker = new FakeSpeedTestWorker();
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
