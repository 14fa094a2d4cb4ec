/**
 * The store's state as whole snapshots: made from the parts of the lab, and published.
 *
 * What a worker says is published at most four times a second; what a person does, at once, with everything gathered so far. While a
 * run goes on, a snapshot comes every second even if nothing is said, since its clock is part of the state. Snapshots only read:
 * no part of the lab decides anything by what was published.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { Throttle } from './clock.ts';
import type { LabEnvironment } from './environment.ts';
import type { LabState } from './state.ts';

/** Shortest time between two snapshots that a worker causes, milliseconds. */
export const publishInterval = 250;
/** How often elapsed time is published while nothing else happens, milliseconds. */
const tickInterval = 1000;

/** How the parts of the lab say that they have changed. */
export interface Publisher {
  /** A person did something, or waits to see it. */
  now(): void;
  /** A worker said something. */
  later(): void;
}

export class Snapshots implements Publisher {
  readonly store: StoreApi<LabState>;
  readonly #environment: LabEnvironment;
  readonly #throttle: Throttle;
  #cancelTick: (() => void) | null = null;

  /** @param read the lab as it is at this moment; parts that have not changed are the same objects as before */
  constructor(environment: LabEnvironment, read: () => LabState) {
    this.#environment = environment;
    this.store = createStore<LabState>(read);
    this.#throttle = new Throttle(environment, publishInterval, () => this.#publish(read()));
  }

  now(): void {
    this.#throttle.run();
  }

  later(): void {
    this.#throttle.request();
  }

  #publish(state: LabState): void {
    this.store.setState(state, true);
    this.#cancelTick?.();
    const going = state.runs.some(({ status }) => status === 'running');
    this.#cancelTick = going ? this.#environment.after(tickInterval, () => this.#throttle.request()) : null;
  }
}
