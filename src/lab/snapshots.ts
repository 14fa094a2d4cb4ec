/**
 * The store's state as whole snapshots.
 *
 * Invariant: what the worker says is gathered and published at most four times a second; what a person does is published at once,
 * with everything gathered so far. While a run goes on, a snapshot comes every second even if nothing is said.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { Throttle } from './clock.ts';
import type { LabEnvironment } from './environment.ts';
import type { LabState } from './state.ts';

/** Shortest time between two snapshots that the worker causes, milliseconds. */
export const publishInterval = 250;
/** How often elapsed time is published while nothing else happens, milliseconds. */
const tickInterval = 1000;

export class Snapshots {
  readonly store: StoreApi<LabState>;
  readonly #environment: LabEnvironment;
  readonly #computed: () => Partial<LabState>;
  readonly #publisher: Throttle;
  #cancelTick: (() => void) | null = null;
  /** Changes that the next snapshot brings. */
  #pending: Partial<LabState> = {};

  /** @param computed the part of the state that is worked out anew for each snapshot */
  constructor(environment: LabEnvironment, initial: LabState, computed: () => Partial<LabState>) {
    this.#environment = environment;
    this.#computed = computed;
    this.store = createStore<LabState>(() => initial);
    this.#publisher = new Throttle(environment, publishInterval, () => this.#publish());
  }

  /** The state as it was published last. */
  get state(): LabState {
    return this.store.getState();
  }

  /** The same with what the next snapshot will bring. */
  get coming(): LabState {
    return { ...this.state, ...this.#pending };
  }

  /** Change the state at once: a person did something. */
  now(change: Partial<LabState>): void {
    this.later(change);
    this.#publisher.run();
  }

  /** Change the state with the next snapshot. */
  later(change: Partial<LabState>): void {
    this.#pending = { ...this.#pending, ...change };
    this.#publisher.request();
  }

  /** Forget what has not been published: it was about a run that is gone. */
  dropPending(): void {
    this.#pending = {};
  }

  #publish(): void {
    const change = { ...this.#pending, ...this.#computed() };
    this.#pending = {};
    this.store.setState(change);
    this.#cancelTick?.();
    const going = this.state.status === 'running';
    this.#cancelTick = going ? this.#environment.after(tickInterval, () => this.#publisher.request()) : null;
  }
}
