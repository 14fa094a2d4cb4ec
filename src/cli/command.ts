/**
 * What the small commands share: words to options, and errors to one sentence without a stack.
 */
import { parseArgs } from 'node:util';
import { cannotRunHere } from '../engine/choice.ts';
import { ThreadError } from '../engine/simd/threads/team.ts';
import { SandboxUnavailableError } from '../sandbox/sandbox.ts';
import { DiskError } from './disk.ts';
import { HeadlessEngineError } from './engine.ts';
import { UsageError } from './options.ts';

/** Every option takes a word. @throws UsageError */
export function wordOptions<Name extends string>(
  words: readonly string[],
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }] as const));
  try {
    const { values } = parseArgs({ args: [...words], options });
    return values as Partial<Record<Name, string>>;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @throws UsageError where the option is missing */
export function needed(values: Readonly<Partial<Record<string, string>>>, name: string): string {
  const value = values[name];
  if (value === undefined || value === '') throw new UsageError(`--${name} is missing.`);
  return value;
}

/** Whether an error's message is a sentence that says all there is to say; any other is a fault of the lab, and is shown with its stack. */
export function saysItself(error: unknown): error is Error {
  return (
    error instanceof UsageError ||
    error instanceof DiskError ||
    error instanceof HeadlessEngineError ||
    error instanceof SandboxUnavailableError ||
    error instanceof ThreadError ||
    cannotRunHere(error)
  );
}

/** Run a command's work and end the process: 0, or 1 with a sentence. */
export async function runCommand(
  usage: string,
  work: (words: readonly string[]) => Promise<void>,
): Promise<void> {
  const words = process.argv.slice(2);
  try {
    if (words.includes('--help')) console.log(usage);
    else await work(words);
    process.exit(0); // threads would keep the process alive
  } catch (error) {
    console.error(saysItself(error) ? error.message : error);
    if (error instanceof UsageError) console.error(`\n${usage}`);
    process.exit(1);
  }
}
