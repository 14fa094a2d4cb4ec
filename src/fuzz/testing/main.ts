/**
 * `npm run fuzz`: broken files for every parser, each parser in a process of its own, so that what it takes of memory is its own.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { attack, mostMegabytes } from './attack.ts';
import { parsers } from './parsers.ts';

const usage = `npm run fuzz -- --cases 10000

  --cases   broken files for each parser (default 10000)
  --seed    which ones (default 1)
  --parser  only this one: ${parsers.map(({ name }) => name).join(', ')}`;

function whole(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`--${name} takes a whole number.\n\n${usage}`);
  process.exit(1);
}

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    parser: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const cases = whole('cases', values.cases);
const seed = whole('seed', values.seed);

if (values.help === true) {
  console.log(usage);
} else if (values.parser === undefined) {
  const words = [...process.execArgv, fileURLToPath(import.meta.url)];
  const failed = parsers.filter(({ name }) => {
    const asked = ['--parser', name, '--cases', `${cases}`, '--seed', `${seed}`];
    return spawnSync(process.execPath, [...words, ...asked], { stdio: 'inherit' }).status !== 0;
  });
  console.log(
    failed.length === 0 ? 'Every parser holds.' : `${failed.map(({ name }) => name).join(', ')} fails.`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
} else {
  const parser = parsers.find(({ name }) => name === values.parser);
  if (parser === undefined) {
    console.error(`There is no parser “${values.parser}”.\n\n${usage}`);
    process.exit(1);
  }
  const count = Math.ceil(cases * (parser.share ?? 1));
  const {
    whole: read,
    refused,
    sentences,
    slowestMs,
    peakMegabytes,
    failures,
  } = await attack(parser, count, seed);
  console.log(
    `${parser.name.padEnd(15)} ${count} cases: ${read} read whole, ${refused} refused in ${sentences} ways; slowest ${Math.round(slowestMs)} ms, ${Math.round(peakMegabytes)} MB at most`,
  );
  for (const failure of failures.slice(0, 10)) console.log(`  ${failure}`);
  if (failures.length > 10) console.log(`  and ${failures.length - 10} more`);
  const large = peakMegabytes > mostMegabytes;
  if (large) console.log(`  it took more than ${mostMegabytes} MB`);
  process.exitCode = failures.length > 0 || large ? 1 : 0;
}
