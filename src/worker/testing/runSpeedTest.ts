/** The speed test's worker from start to end, as the page runs it. */
import type { BenchReport, FromSpeedTest, ToSpeedTest } from '../speedTestProtocol.ts';

export function runSpeedTest(
  message: ToSpeedTest,
): Promise<{ report: BenchReport; markdown: string; stages: string[] }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('../speedTest.worker.ts', import.meta.url), { type: 'module' });
    const stages: string[] = [];
    let found: { report: BenchReport; markdown: string } | null = null;
    worker.onmessage = ({ data }: MessageEvent<FromSpeedTest>) => {
      switch (data.type) {
        case 'progress':
          stages.push(data.doing);
          return;
        case 'report':
          found = data;
          return;
        case 'done':
          worker.terminate();
          if (found) resolve({ ...found, stages });
          else reject(new Error('No report.'));
          return;
        case 'failed':
          worker.terminate();
          reject(new Error(data.message));
          return;
      }
    };
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(message);
  });
}
