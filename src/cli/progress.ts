/**
 * Progress on a terminal: one line that is overwritten; where output goes to a file, a line now and then.
 */
import type { PhaseTrack } from '../record/phases.ts';

const barWidth = 24;
/** Milliseconds between two updates, on a terminal and in a file. */
const intervals = { terminal: 200, file: 15_000 } as const;

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #now: () => number;
  #last = -Infinity;

  constructor(stream: NodeJS.WriteStream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
  }

  /** Show where the run is, unless that was done a moment ago. */
  show(phase: PhaseTrack | undefined, tokensPerSecond: number): void {
    const { isTTY } = this.#stream;
    const now = this.#now();
    if (phase === undefined || now - this.#last < (isTTY ? intervals.terminal : intervals.file)) return;
    this.#last = now;
    const line = `${progressLine(phase)}  ${Math.round(tokensPerSecond)} tokens/s`;
    this.#stream.write(isTTY ? `\r\x1b[K${line.slice(0, (this.#stream.columns || 120) - 1)}` : `${line}\n`);
  }

  /** A line that stays. */
  say(line: string): void {
    this.#stream.write(`${this.#stream.isTTY ? '\r\x1b[K' : ''}${line}\n`);
    if (this.#stream.isTTY) this.#last = -Infinity; // the bar was wiped: draw it again
  }
}

function progressLine({ name, done, total, unit }: PhaseTrack): string {
  const filled = Math.round((barWidth * Math.min(done, total)) / Math.max(1, total));
  return `${name.padEnd(10)} [${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${done}/${total} ${unit}`;
}
