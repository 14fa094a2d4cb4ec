/**
 * The speed test's thread: binds the measuring library to this worker's GPU and clock. No logic of its own.
 */
import { runSpeedTest, type BenchProgress } from '../bench/speedTest.ts';
import { offerGpu, tapGpu } from '../bench/gpuTap.ts';
import { markdown } from '../bench/markdown.ts';
import { WgslUnavailableError } from '../engine/wgsl/device/device.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import type { FromSpeedTest, ToSpeedTest } from './speedTestProtocol.ts';

const post = (message: FromSpeedTest) => self.postMessage(message);

/** Passes progress on, and a report whenever it has grown. */
function onProgress(): (progress: BenchProgress) => void {
  let cells = -1;
  return ({ doing, share, report }) => {
    post({ type: 'progress', doing, share });
    if (report === null || (report.cells.length === cells && !report.complete)) return;
    cells = report.cells.length;
    post({ type: 'report', report, markdown: markdown(report) });
  };
}

async function start(asked: ToSpeedTest): Promise<void> {
  const gpu = navigator.gpu as GPU | undefined;
  if (!gpu) throw new WgslUnavailableError('This browser has no WebGPU, so there is nothing to compare.');
  const tap = tapGpu(gpu);
  offerGpu(tap.gpu);
  await runSpeedTest({
    ...asked,
    vocabulary: vocabularySize,
    tap,
    now: () => performance.now(),
    onProgress: onProgress(),
  });
}

self.onmessage = ({ data }: MessageEvent<ToSpeedTest>) => {
  start(data).then(
    () => post({ type: 'done' }),
    (error: unknown) =>
      post({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
};
