/**
 * Breaks a parser's files many times and watches what it says.
 *
 * What must hold of each broken file: it is read whole, or refused with one sentence; nothing is thrown; a second is never exceeded; and the
 * process that does it never takes more than 500 MB.
 */
import { Random } from '../../random/random.ts';
import { mutate } from './mutate.ts';
import type { Parser } from './parsers.ts';

/** Of one file, processor time: this machine may be busy with something else. */
const mostMs = 1000;
/** Of the whole process, Node and everything included. */
export const mostMegabytes = 500;
/** Before a file of this many bytes what earlier ones left is collected, where that can be asked for: nobody opens ten thousand in a row. */
const large = 2 ** 20;

export interface Outcome {
  readonly parser: string;
  readonly cases: number;
  readonly whole: number;
  readonly refused: number;
  /** Refusals that say something of their own. */
  readonly sentences: number;
  readonly slowestMs: number;
  /** The process at its largest, MB. */
  readonly peakMegabytes: number;
  /** What should not have been, each with the number of its case. */
  readonly failures: readonly string[];
}

/** @param onCase called after each case, with its number */
export async function attack(
  parser: Parser,
  cases: number,
  seed: number,
  onCase: (done: number) => void = () => undefined,
): Promise<Outcome> {
  const samples = parser.samples();
  const failures: string[] = [];
  for (const sample of samples) {
    const said = await parser.read(sample);
    if (said !== null) failures.push(`a sound file is refused: ${said}`);
  }
  const random = new Random(`fuzz/${parser.name}/${seed}`);
  const sentences = new Set<string>();
  let [whole, refused, slowestMs] = [0, 0, 0];
  for (let i = 0; i < cases; i++) {
    const own = random.fork(i);
    const broken = mutate(own.choice(samples), own.choice(samples), parser.form, own);
    if (broken.length > large) globalThis.gc?.();
    const before = process.cpuUsage();
    try {
      const said = await parser.read(broken);
      if (said === null) whole++;
      else {
        refused++;
        sentences.add(said.replace(/[“"].*?[”"]/g, '…').replace(/\d+/g, '0'));
        const wrong = notASentence(said);
        if (wrong !== null) failures.push(`case ${i}: ${wrong}: ${said.slice(0, 200)}`);
      }
    } catch (error) {
      failures.push(
        `case ${i}: thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1000;
    slowestMs = Math.max(slowestMs, ms);
    if (ms > mostMs) failures.push(`case ${i}: ${Math.round(ms)} ms for ${broken.length} bytes`);
    onCase(i + 1);
  }
  return {
    ...{ parser: parser.name, cases, whole, refused, sentences: sentences.size, slowestMs, failures },
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  };
}

/** Words of a library or of the language, which are for nobody. */
const internal =
  /cannot read prop|is not a function|is not iterable|undefined|call stack|\[object|invalid (array|typed|string)/i;

/** What keeps a refusal from being a sentence; null where it is one. */
function notASentence(said: string): string | null {
  if (!/^[A-Z“]/.test(said) || !/[.!?]$/.test(said)) return 'no sentence';
  if (said.includes('\n') || said.length > 500) return 'more than a line';
  return internal.test(said) ? 'words of a library' : null;
}
