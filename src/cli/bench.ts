/**
 * `npm run bench`: both engines timed on this machine's adapter, in Node, as a table; or, with `--profile`, our own kernels.
 *
 *     npm run bench -- [--presets mini,nano,small] [--works sft,grpo,rollout] [--seconds n] [--json file]
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
import { profileEngine, profileMarkdown } from '../bench/profile.ts';
import type { BenchReport, WorkKind } from '../bench/report.ts';
import { benchPresets, type BenchPreset } from '../bench/workload.ts';
import { WgslUnavailableError } from '../engine/wgsl/device/device.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import { openDawn } from './dawn.ts';
import { installAdvice } from './installAdvice.ts';
import { countOption, numberOption } from './options.ts';
import { labVersions, sourceCommit } from './provenance.ts';

const usage = `npm run bench -- [options]
  --presets mini,nano,small   which policies (of ${benchPresets.join(', ')})
  --works sft,grpo,rollout    which work
  --seconds 20                time for the samples of one cell; starting and compiling come on top
  --json file                 write the report there as well
  --profile                   time each of our kernels by timestamps instead
  --sequences 16              sequences of a profiled batch`;

const allWorks: readonly WorkKind[] = ['sft', 'grpo', 'rollout'];

interface Arguments {
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
  return ({ doing, share }: BenchProgress) => {
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

async function main(): Promise<number> {
  const options = readArguments();
  if (options === 'help') {
    console.log(usage);
    return 0;
  }
  if (options.profile) return profile(options);
  const tap = tapGpu(openDawn());
  offerGpu(tap.gpu);
  let found: BenchReport | null = null;
  const show = () => {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    if (found === null) return;
    console.log(markdown(found));
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(found, null, 2)}\n`);
  };
  process.on('SIGINT', () => {
    show();
    process.exit(130);
  });
  const progress = progressLine();
  try {
    await runSpeedTest({
      presets: options.presets,
      works: options.works,
      secondsPerCell: options.seconds,
      vocabulary: vocabularySize,
      tap,
      now: () => performance.now(),
      date: new Date().toISOString(),
      host: host(),
      versions: { ...labVersions(), commit: sourceCommit() ?? 'unknown' },
      onProgress: (now) => {
        found = now.report ?? found;
        progress(now);
      },
    });
  } catch (error) {
    show();
    return failed(error);
  }
  show();
  return 0;
}

try {
  process.exit(await main()); // Dawn's threads would keep Node alive
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  console.error(usage);
  process.exit(2);
}
