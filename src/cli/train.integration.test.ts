/**
 * The train command as people run it: the bundle, in a process of its own, killed and started again.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWeights } from '../train/checkpointFile.ts';
import { readRunFile } from '../record/runFile.ts';

const folder = mkdtempSync(join(tmpdir(), 'aster-train-'));
afterAll(() => rmSync(folder, { recursive: true }));

const bundle = 'node_modules/.aster-cli/train.js';
beforeAll(() => {
  const { status, stderr } = spawnSync('npx', ['vite', 'build', '--mode', 'cli', '--logLevel', 'warn'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
}, 60_000);

/** A `micro` run of a few steps. On a busy machine a cell may take longer than the quarter of a second that it has by default. */
const tiny = ['--preset', 'micro', '--checkpoint-every', '0', '--keep-weights', '3'].concat(
  ...[
    ...['teacher.trajectories=64', 'curation.size=48', 'sft.epochs=4', 'sft.probes=2'],
    ...['stage1.steps=3', 'stage2.steps=2', 'evaluation.problems=2', 'sandbox.deadlineMs=10000'],
  ].map((assignment) => ['--set', assignment]),
);
const simd = ['--set', 'run.backend=simd'];

function train(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync('node', [bundle, ...words], { encoding: 'utf8', env: { ...process.env, ...env } });
}

/** What was measured, without its times, and without the marks of checkpoints. */
function measurements(out: string): unknown[] {
  // Also of a log that is being written: a last line without its end is none yet.
  const whole = readFileSync(join(out, 'metrics.jsonl'), 'utf8').split('\n').slice(0, -1);
  const lines = whole.map((line) => JSON.parse(line) as Record<string, unknown>);
  return lines.filter(({ type }) => type !== 'checkpoint').map((line) => ({ ...line, seconds: 0, time: 0 }));
}

const rounds = (out: string) =>
  measurements(out).filter((line) => (line as { type: string }).type === 'round');

describe('npm run train', () => {
  it('goes on after a kill as if nothing had happened', { timeout: 240_000 }, async () => {
    const whole = join(folder, 'whole');
    expect(train([...tiny, ...simd, '--out', whole]).status).toBe(0);
    const killed = join(folder, 'killed');
    const process = spawn('node', [bundle, ...tiny, ...simd, '--threads', '2', '--out', killed], {
      stdio: 'ignore',
    });
    const exited = new Promise((resolve) => process.on('exit', resolve));
    const metrics = join(killed, 'metrics.jsonl');
    while (!existsSync(metrics) || rounds(killed).length < 3) {
      if (process.exitCode !== null) throw new Error('the run ended before it could be killed');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    process.kill('SIGKILL');
    await exited;
    expect(existsSync(join(killed, 'run.json'))).toBe(false);
    // A checkpoint that was being written when the process died is passed over.
    writeFileSync(join(killed, 'checkpoints', '99999-stage1-9.safetensors'), 'cut off');
    // Under another number of threads: they are no part of what the run is.
    const again = train([...tiny, ...simd, '--threads', '1', '--out', killed]);
    expect(again.stderr).toContain('Going on after');
    expect(again.stderr).toContain('1 thread;');
    expect(again.status).toBe(0);
    expect(measurements(killed)).toEqual(measurements(whole));
    const trajectories = (out: string) =>
      readFileSync(join(out, 'trajectories.jsonl'), 'utf8').replace(/^.*"checkpoint".*\n/gm, '');
    expect(trajectories(killed)).toBe(trajectories(whole));
    expect(trajectories(whole)).toContain('<tool_call>');
    const opened = [whole, killed].map((out) => readRunFile(readFileSync(join(out, 'run.json'), 'utf8')));
    const [first, second] = opened.map((read) => (read.ok ? read.run : null));
    expect(first?.series.rounds.x.length).toBe(7);
    expect(second?.series).toEqual(first?.series);
    // The probe and the weights of three rounds, in both alike.
    expect(first?.view.probe?.rounds.map(({ round }) => round)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(second?.view.probe).toEqual(first?.view.probe);
    expect(first?.view.weights.map(({ round }) => round)).toEqual([2, 5, 7]);
    expect(second?.view.weights).toEqual(first?.view.weights);
    for (const { file } of first?.view.weights ?? []) {
      const [one, other] = [whole, killed].map((out) => readFileSync(join(out, file)));
      expect(other?.equals(one ?? Buffer.of())).toBe(true);
      expect([...readWeights(one ?? Buffer.of(), 'micro').keys()]).toContain('model.embed_tokens.weight');
    }
    expect(second?.view.benchmarks).toEqual(first?.view.benchmarks);
    // Finished runs are left alone; other settings are refused.
    expect(train([...tiny, ...simd, '--out', whole]).stderr).toContain('nothing to do');
    const kept = readdirSync(join(killed, 'checkpoints')).filter((name) => name.endsWith('.safetensors'));
    expect(kept.filter((name) => !name.includes('-end')).length).toBeLessThanOrEqual(2);
  });

  it('refuses a folder that holds another run', { timeout: 60_000 }, () => {
    const out = join(folder, 'other');
    expect(
      train([...tiny, ...simd, '--set', 'stage1.steps=0', '--set', 'stage2.steps=0', '--out', out]).status,
    ).toBe(0);
    rmSync(join(out, 'run.json'));
    const refused = train([...tiny, ...simd, '--seed', '2', '--out', out]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('holds another run (it differs in run.seed');
  });

  const noAdapter = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };
  const brief = ['--set', 'stage1.steps=0', '--set', 'stage2.steps=0'];

  it.each([
    ['no adapter', () => noAdapter, /No graphics adapter was found\. Our own kernels/],
    ['an imitated one', swiftShader, /only graphics adapter here is imitated .*SwiftShader/i],
  ])(
    'just trains on the processor where there is %s, and says why',
    { timeout: 60_000 },
    (name, env, why) => {
      const out = join(folder, name);
      const { status, stderr } = train([...tiny, ...brief, '--threads', '2', '--out', out], env());
      expect(stderr).toMatch(why);
      expect(status).toBe(0);
      const read = readRunFile(readFileSync(join(out, 'run.json'), 'utf8'));
      expect(read.ok && read.run.engine).toMatchObject({ engine: 'simd', threads: 2 });
      expect(read.ok && read.run.engine?.build).toMatch(/^(relaxed|plain)$/);
    },
  );

  it(
    'says what to install where a graphics adapter is asked for and there is none',
    { timeout: 60_000 },
    () => {
      const words = [...tiny, '--set', 'run.backend=wgsl', '--out', join(folder, 'none')];
      const { status, stderr } = train(words, noAdapter);
      expect(status).toBe(1);
      expect(stderr).toContain('No graphics adapter was found');
      expect(stderr).toContain('mesa-vulkan-drivers');
      expect(stderr, 'a sentence, not a stack').not.toMatch(/at .*\.js:/);
    },
  );

  it('trains with our kernels on Dawn and names the adapter', { timeout: 240_000 }, () => {
    const out = join(folder, 'dawn');
    const { status, stderr } = train(
      [
        ...tiny,
        ...['run.backend=wgsl', 'sft.epochs=1', 'stage2.steps=0', 'stage1.steps=1']
          .concat('evaluation.benchmarks=inRange', 'evaluation.afterColdStart=false')
          .flatMap((one) => ['--set', one]),
        '--out',
        out,
      ],
      swiftShader(),
    );
    expect(stderr).toMatch(/wgsl on .*SwiftShader/i);
    expect(status).toBe(0);
    for (const line of rounds(out)) {
      const { phase, rollout_probs_diff_max: difference } = line as Record<string, unknown>;
      if (phase !== 'sft') expect(difference).toBeLessThan(1e-4);
    }
  });
});

/** Chromium's software Vulkan, which every machine that runs these tests has. */
function swiftShader(): NodeJS.ProcessEnv {
  const browser = process.env['CHROMIUM_PATH'] ?? '/usr/lib/chromium/chromium';
  const place = join(browser, '..');
  const icd = [join(place, 'vk_swiftshader_icd.json'), '/usr/lib/chromium/vk_swiftshader_icd.json'].find(
    existsSync,
  );
  if (icd === undefined) throw new Error('Chromium’s vk_swiftshader_icd.json was not found beside Chromium.');
  return { VK_DRIVER_FILES: icd, LD_LIBRARY_PATH: join(icd, '..') };
}
