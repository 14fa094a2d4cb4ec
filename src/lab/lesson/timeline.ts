/**
 * The lesson's time: where a round lies between the left and the right of the chart, and the playhead that moves along it.
 *
 * The cold start has few rounds and reinforcement learning many, so the cold start gets a fixed share of the width. Position is
 * a fraction of the width, 0 to 1; the playhead moves through positions at an even pace, so a play takes the same time however
 * long the runs were. Invariant (lesson.test.ts): `roundAt(positionOf(r)) = r`, and both only rise.
 */

/** Of the chart's width, for the cold start. */
export const coldStartShare = 0.16;
/** Of a whole play, seconds. */
export const playSeconds = 20;

export interface Timeline {
  /** Rounds measured when the cold start ended. */
  readonly taught: number;
  /** Rounds when the longer problems began; null where they never did. */
  readonly longer: number | null;
  /** The last round. */
  readonly last: number;
}

/** @param round may lie between two rounds */
export function positionOf({ taught, last }: Timeline, round: number): number {
  const bounded = Math.min(last, Math.max(0, round));
  if (taught <= 0) return last === 0 ? 0 : bounded / last;
  if (bounded <= taught) return (coldStartShare * bounded) / taught;
  return coldStartShare + ((1 - coldStartShare) * (bounded - taught)) / (last - taught);
}

export function roundAt({ taught, last }: Timeline, position: number): number {
  const bounded = Math.min(1, Math.max(0, position));
  if (taught <= 0) return bounded * last;
  if (bounded <= coldStartShare) return (bounded / coldStartShare) * taught;
  return taught + ((bounded - coldStartShare) / (1 - coldStartShare)) * (last - taught);
}

/** The last whole round that the playhead has passed. */
export function wholeRound(timeline: Timeline, position: number): number {
  return Math.min(timeline.last, Math.floor(roundAt(timeline, position) + 1e-6));
}

/** Rounds to mark on the axis: the end of the cold start, then even steps, the last round among them. */
export function roundTicks({ taught, last }: Timeline, about = 6): readonly number[] {
  const span = last - taught;
  const raw = span / about;
  const step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500].find((size) => size >= raw) ?? 1000;
  const ticks: number[] = [];
  for (let round = Math.ceil((taught + 1) / step) * step; round < last - step / 2; round += step)
    ticks.push(round);
  return [...ticks, last];
}

/** What moves the playhead: the page's animation frames, or a test's. */
export interface Frames {
  /** Calls back once with a time in milliseconds; the result cancels it. */
  next(frame: (now: number) => void): () => void;
}

export interface PlayheadState {
  readonly position: number;
  readonly playing: boolean;
}

/** The one playhead of the scene. Whoever draws subscribes; nothing is told while it stands. */
export class Playhead {
  readonly #frames: Frames;
  readonly #listeners = new Set<() => void>();
  #state: PlayheadState;
  #cancel: (() => void) | null = null;

  constructor(frames: Frames, position: number) {
    this.#frames = frames;
    this.#state = { position, playing: false };
  }

  get state(): PlayheadState {
    return this.#state;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  seek(position: number): void {
    this.#set({ ...this.#state, position: Math.min(1, Math.max(0, position)) });
  }

  /** Go on from where it stands; from the beginning where that is the end. */
  play(): void {
    if (this.#state.playing) return;
    const { position } = this.#state;
    this.#set({ position: position >= 1 ? 0 : position, playing: true });
    this.#step(null);
  }

  pause(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#state.playing) this.#set({ ...this.#state, playing: false });
  }

  #step(before: number | null): void {
    this.#cancel = this.#frames.next((now) => {
      // A page that was hidden goes on where it was.
      const elapsed = before === null ? 0 : Math.min(100, now - before);
      const position = Math.min(1, this.#state.position + elapsed / (1000 * playSeconds));
      this.#cancel = null;
      this.#set({ position, playing: position < 1 });
      if (position < 1) this.#step(now);
    });
  }

  #set(state: PlayheadState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
