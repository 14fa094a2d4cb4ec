/**
 * The pace of a run: paused, stepped or let go; tokens a second; and a turn of the event loop between two ticks. Times are handed in: no
 * clock reaches what trains.
 */

/** What a person wants of the run: to go on, to go on to the next boundary, or to wait. */
export class PauseGate {
  #wish: 'running' | 'stepping' | 'paused' = 'running';
  #release: (() => void) | null = null;

  get isPaused(): boolean {
    return this.#wish === 'paused';
  }

  /** True while somebody waits for `go`. */
  get isWaiting(): boolean {
    return this.#release !== null;
  }

  pause(): void {
    this.#wish = 'paused';
  }

  go(wish: 'running' | 'stepping'): void {
    this.#wish = wish;
    this.release();
  }

  /** A boundary was passed: a step ends here. */
  reachBoundary(): void {
    if (this.#wish === 'stepping') this.#wish = 'paused';
  }

  async wait(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    this.#release = null;
  }

  /** Let whoever waits go, whatever the wish. */
  release(): void {
    this.#release?.();
  }
}

/** Tokens a second over the last few seconds. */
export class TokenRate {
  #samples: { readonly at: number; readonly tokens: number }[] = [];

  add(at: number, tokens: number): void {
    this.#samples.push({ at, tokens });
    this.#samples = this.#samples.filter((sample) => at - sample.at < 5000);
  }

  perSecond(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at === first.at) return 0;
    const tokens = this.#samples.reduce((sum, sample) => sum + sample.tokens, 0);
    return (1000 * tokens) / (last.at - first.at);
  }
}

/** A turn of the event loop, so that messages are seen; a message channel is not slowed down in hidden tabs as timers are. */
export function turnEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(null);
  });
}
