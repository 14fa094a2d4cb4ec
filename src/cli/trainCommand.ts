/**
 * The command that trains: its words, its signals, its sentences and its exit status. It ends the process.
 */
import { saysItself } from './command.ts';
import type { Disk } from './disk.ts';
import { runHeadless, StoppedError, type CreateSandbox } from './headless.ts';
import { parseTrainOptions, trainUsage, UsageError } from './options.ts';
import { Progress } from './progress.ts';
import { RunFolder } from './runFolder.ts';

/**
 * @param words of the command line
 * @param disk what its files are written by; tests hand in one that fails
 * @param createSandbox where calls run; tests that start it many times hand in one that starts at once
 */
export async function trainCommand(
  words: readonly string[],
  disk: Disk,
  createSandbox?: CreateSandbox,
): Promise<void> {
  const progress = new Progress(process.stderr, () => performance.now());
  const stopping = new AbortController();
  process.once('SIGINT', () => {
    progress.say('Stopping at the next checkpoint; press again to stop at once.');
    stopping.abort();
    process.once('SIGINT', () => process.exit(130));
  });

  try {
    const options = parseTrainOptions(words);
    if (options === 'help') {
      console.log(trainUsage);
    } else {
      const folder = new RunFolder(options.out, disk);
      const damage = folder.isFinished ? folder.checkFinished() : null;
      if (damage !== null) progress.say(damage);
      if (folder.isFinished)
        progress.say(`${options.out} is finished; nothing to do. Open its run.json in the page.`);
      else {
        await runHeadless(options, folder, progress, stopping.signal, createSandbox);
        progress.say(`Done: ${options.out}/run.json opens in the page (File, Open a run).`);
      }
    }
    process.exit(0); // Dawn's threads would keep the process alive
  } catch (error) {
    const expected = saysItself(error) || error instanceof StoppedError;
    progress.say(expected ? error.message : String(error instanceof Error ? error.stack : error));
    if (error instanceof UsageError) console.error(`\n${trainUsage}`);
    process.exit(error instanceof StoppedError ? 130 : 1);
  }
}
