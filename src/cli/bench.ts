/**
 * `npm run bench`: engines timed against each other in Node, as a table. On a GPU our WGSL kernels and TensorFlow.js's; without one our
 * SIMD engine and its peers on the processor. With `--profile`, our WGSL kernels one by one.
 *
 *     npm run bench -- [--on gpu|processor] [--presets mini,nano,small] [--works sft,grpo,rollout] [--seconds n] [--json file]
 *     npm run bench -- --on processor --torch python3
 *     npm run bench -- --profile [--presets …] [--works …] [--sequences n]
 *
 * It ends with a report of what was measured, also when interrupted, and with status 1 only if nothing could be.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { parseArgs } from 'node:util';
import { runSpeedTest, type BenchProgress } from '../bench/speedTest.ts';
import { offerGpu, tapGpu } from '../bench/gpuTap.ts';
import { markdown } from '../bench/markdown.ts';
import { processorMarkdown } from '../bench/processorMarkdown.ts';
import type { ProcessorReport } from '../bench/processorReport.ts';
import { runProcessorTest } from '../bench/processorTest.ts';
import { profileEngine, profileMarkdown } from '../bench/profile.ts';
import type { BenchReport, WorkKind } from '../bench/report.ts';
import { benchPresets, type BenchPreset } from '../bench/workload.ts';
import { processors } from '../engine/simd/threads/spawn.ts';
import { MAX_THREADS } from '../engine/simd/threads/team.ts';
import { openDevice, WgslUnavailableError } from '../engine/wgsl/device/device.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import { peerNames, startContestants, type PeerName } from './contestants.ts';
import { openDawn } from './dawn.ts';
import { installAdvice } from './installAdvice.ts';
import { countOption, numberOption } from './options.ts';
import { labVersions, sourceCommit } from './provenance.ts';

const usage = `npm run bench -- [options]
  --presets mini,nano,small   which policies (of ${benchPresets.join(', ')})
  --works sft,grpo,rollout    which work
  --on gpu                    wgsl against TensorFlow.js's WebGPU backend on this machine's adapter
  --on processor              simd with one thread and with all against TensorFlow.js and jax-js on WebAssembly, wgsl on a
                              software adapter, and PyTorch; what is chosen where no GPU is found
  --peers tfjs,jax,wgsl       with --on processor: whom to compare (of ${peerNames.join(', ')})
  --torch python3             with --on processor: compare PyTorch as well, with this Python (pip install torch numpy)
  --seconds 20                time for the samples of one cell; starting and compiling come on top
  --json file                 write the report there as well
  --profile                   time each of our kernels by timestamps instead
  --sequences 16              sequences of a profiled batch`;

const allWorks: readonly WorkKind[] = ['sft', 'grpo', 'rollout'];
const places = ['gpu', 'processor'] as const;
type Place = (typeof places)[number];

/** What is being done, and how much of the whole is done. */
type BenchStage = Pick<BenchProgress, 'doing' | 'share'>;

interface Arguments {
  /** Undefined: a GPU if there is one. */
  readonly on: Place | undefined;
  readonly peers: readonly PeerName[];
  readonly python: string | undefined;
  readonly presets: readonly BenchPreset[];
  readonly works: readonly WorkKind[];
  readonly seconds: number;
  readonly json: string | undefined;
  readonly profile: boolean;
  readonly sequences: number;
}

/** Throws a sentence for people. */
function readArguments(): Arguments | 'help' {
  const { values } = parseArgs({
    options: {
      on: { type: 'string' },
      peers: { type: 'string', default: 'tfjs,jax,wgsl' },
      torch: { type: 'string' },
      presets: { type: 'string', default: 'mini,nano,small' },
      works: { type: 'string', default: allWorks.join() },
      seconds: { type: 'string', default: '20' },
      json: { type: 'string' },
      profile: { type: 'boolean', default: false },
      sequences: { type: 'string', default: '16' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    on: values.on === undefined ? undefined : chosen('on', values.on, places)[0],
    peers: values.peers === '' ? [] : chosen('peers', values.peers, peerNames),
    python: values.torch,
    profile: values.profile,
    sequences: countOption('sequences', values.sequences),
    presets: chosen('presets', values.presets, benchPresets),
    works: chosen('works', values.works, allWorks),
    seconds: numberOption('seconds', values.seconds, 'a number above 0', (seconds) => seconds > 0),
    json: values.json,
  };
}

function chosen<T extends string>(option: string, list: string, known: readonly T[]): T[] {
  return list.split(',').map((wanted) => {
    const found = known.find((one) => one === wanted);
    if (found === undefined)
      throw new Error(`--${option}: there is no “${wanted}”, only ${known.join(', ')}.`);
    return found;
  });
}

/** One line that is written over on a terminal, and a line each where output is kept. */
function progressLine() {
  let last = '';
  return ({ doing, share }: BenchStage) => {
    const line = `${String(Math.round(share * 100)).padStart(3)}%  ${doing}`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    else if (line !== last && !doing.includes('sample')) process.stderr.write(`${line}\n`);
    last = line;
  };
}

function host(): string {
  const processors = cpus();
  const load = loadavg().map((value) => value.toFixed(1));
  return `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown processor'}, ${process.platform} ${release()}, load average ${load.join(' ')}`;
}

/** @returns the exit status of a speed test that could not be made */
function failed(error: unknown): number {
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof WgslUnavailableError) console.error(`No graphics adapter was found. ${installAdvice}`);
  return 1;
}

async function profile({ presets, works, sequences }: Arguments): Promise<number> {
  try {
    await profileEngine(
      {
        gpu: openDawn(),
        presets,
        works,
        sequences,
        vocabulary: vocabularySize,
        now: () => performance.now(),
      },
      (found) => console.log(`${profileMarkdown(found)}\n`),
    );
    return 0;
  } catch (error) {
    return failed(error);
  }
}

/** Where to compare when nobody has said: on a GPU, if there is a real one. */
async function placeOf({ on }: Arguments): Promise<Place> {
  if (on !== undefined) return on;
  try {
    const gpu = await openDevice(openDawn());
    gpu.destroy();
    return gpu.isSoftware ? 'processor' : 'gpu';
  } catch (error) {
    if (error instanceof WgslUnavailableError) return 'processor';
    throw error;
  }
}

/** Shows what has been found when the test ends, fails or is interrupted. @returns the exit status */
async function reported<Report>(
  json: string | undefined,
  textOf: (report: Report) => string,
  run: (found: (report: Report | null, progress: BenchStage) => void) => Promise<unknown>,
): Promise<number> {
  let found: Report | null = null;
  const show = () => {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    if (found === null) return;
    console.log(textOf(found));
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(found, null, 2)}\n`);
  };
  process.on('SIGINT', () => {
    show();
    process.exit(130);
  });
  const line = progressLine();
  try {
    await run((report, progress) => {
      found = report ?? found;
      line(progress);
    });
  } catch (error) {
    show();
    return failed(error);
  }
  show();
  return 0;
}

async function main(): Promise<number> {
  const options = readArguments();
  if (options === 'help') {
    console.log(usage);
    return 0;
  }
  if (options.profile) return profile(options);
  const common = {
    presets: options.presets,
    works: options.works,
    secondsPerCell: options.seconds,
    vocabulary: vocabularySize,
    now: () => performance.now(),
    date: new Date().toISOString(),
    host: host(),
    versions: { ...labVersions(), commit: sourceCommit() ?? 'unknown' },
  };
  if ((await placeOf(options)) === 'gpu') {
    return reported<BenchReport>(options.json, markdown, (found) => {
      const tap = tapGpu(openDawn());
      offerGpu(tap.gpu);
      return runSpeedTest({ ...common, tap, onProgress: (now) => found(now.report, now) });
    });
  }
  const { peers, python } = options;
  const threads = Math.min(MAX_THREADS, processors());
  const names: readonly PeerName[] =
    python === undefined ? peers : [...new Set([...peers, 'torch' as const])];
  return reported<ProcessorReport>(options.json, processorMarkdown, (found) =>
    runProcessorTest({
      ...common,
      threads,
      contestants: (config, refuse) =>
        startContestants({ names, python: python ?? 'python3', threads }, config, refuse),
      onProgress: (now) => found(now.report, now),
    }),
  );
}

try {
  process.exit(await main()); // Dawn's threads would keep Node alive
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  console.error(usage);
  process.exit(2);
}
