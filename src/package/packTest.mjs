/**
 * `npm run test:library`: packs the library, installs it in an empty folder, checks its types there and runs its example. Needs the
 * registry (pyodide, zod) and a minute, so it is a command of its own and no part of `npm test`.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'aster-library-'));
const run = (command, args, cwd) => execFileSync(command, args, { cwd, encoding: 'utf8' });
try {
  const packed = run(
    'npm',
    ['pack', '--silent', '--pack-destination', folder],
    resolve('dist-library'),
  ).trim();
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  run('npm', ['install', '--no-audit', '--no-fund', '--silent', join(folder, packed)], folder);
  console.log(`ok    ${packed} installs in an empty folder`);

  writeFileSync(
    join(folder, 'types.ts'),
    `import { presetSettings, runRecipe, type RunEvent } from 'aster-lab';
const steps: number = presetSettings('micro').stage1.steps;
export const told = (event: RunEvent): string => (event.type === 'round' ? event.phase : String(steps));
export type Ticks = ReturnType<typeof runRecipe>;
// @ts-expect-error a preset is a text: were the types missing, this would be no error
presetSettings(1);
`,
  );
  const options = ['--strict', '--noEmit', '--skipLibCheck', '--target', 'es2023', '--module', 'esnext'];
  run(
    'node',
    [resolve('node_modules/typescript/bin/tsc'), ...options, '--moduleResolution', 'bundler', 'types.ts'],
    folder,
  );
  console.log('ok    its types are there');

  copyFileSync('src/package/example.mjs', join(folder, 'example.mjs'));
  const lines = run('node', ['example.mjs'], folder).trim().split('\n');
  const stages = ['sft', 'stage1', 'stage2'].filter((stage) => lines.some((line) => line.startsWith(stage)));
  if (stages.length < 3)
    throw new Error(`The example told only of ${stages.join(', ')}:\n${lines.join('\n')}`);
  console.log(`ok    the example trains: ${lines.length} rounds, the last one ${lines.at(-1)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
