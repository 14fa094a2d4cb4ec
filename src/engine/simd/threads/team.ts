/**
 * The threads that work on a list of tasks, this one among them.
 *
 * What comes out does not depend on how many there are: a task's result does not depend on who computes it, and the lists are cut
 * without looking at the threads (training/partition.ts) or in parts that know nothing of one another (rollouts).
 */
import type { Address } from '../kernelExports.ts';
import type { KernelModule } from '../kernelModule.ts';
import type { Kernels } from '../kernels.ts';
import { canShareMemory, mayWait, processors, spawn, type Thread } from './spawn.ts';
import { TASK_WORDS, taskStatus, taskWords, type Task } from './tasks.ts';

/** More threads than a batch has gradient slots would wait. */
export const MAX_THREADS = 8;
/** After so long a thread that has not come is done without. */
const JOINING_MS = 10_000;

/** Completes “One thread works”. */
const notIsolated =
  ': more need a page that is cross-origin isolated, for which its host sends two headers (COOP and COEP), and this one’s does not';

/** What it held of the step or the rollout is lost with it, so the run goes back. */
const stopped = 'A thread of the engine stopped. Go on from the last checkpoint.';

/** A thread has died; `message` is a sentence for people. */
export class ThreadError extends Error {
  override readonly name = 'ThreadError';
}

export class Team {
  /** This one counted. */
  readonly threads: number;
  #active: number;
  readonly #reason: string;
  readonly #kernels: Kernels;
  readonly #team: Address;
  readonly #others: readonly Thread[];
  #list: Address | undefined;
  #capacity = 0;
  /** Why no task can be had done any more. */
  #end: string | undefined;

  private constructor(kernels: Kernels, team: Address, others: readonly Thread[], reason: string) {
    this.#kernels = kernels;
    this.#team = team;
    this.#others = others;
    this.threads = others.length + 1;
    this.#active = this.threads;
    this.#reason = reason;
    for (const thread of others) void thread.died().then(() => (this.#end ??= stopped));
  }

  /**
   * Start as many threads as are asked for (default: one a processor, at most eight), or one where they cannot share memory or do
   * not come.
   */
  static async start(
    kernels: Kernels,
    { module }: KernelModule,
    wanted = processors(),
    isShareable = canShareMemory(),
  ): Promise<Team> {
    const alone = (why: string) =>
      new Team(kernels, kernels.call.createTeam(0), [], `One thread works${why}.`);
    const others = Math.min(Math.max(1, Math.floor(wanted)), MAX_THREADS) - 1;
    if (others === 0) return alone('');
    if (!isShareable) return alone(notIsolated);
    const team = kernels.call.createTeam(others);
    const { memory } = kernels;
    const threads = Array.from({ length: others }, (_, index) => spawn({ module, memory, team, index }));
    if (await haveJoined(kernels, team, threads)) {
      return new Team(kernels, team, threads, `${others + 1} threads work.`);
    }
    kernels.call.disband(team);
    for (const thread of threads) thread.terminate();
    return alone(': more could not be started');
  }

  /** Threads that take tasks, this one counted. */
  get active(): number {
    return this.#active;
  }

  /** For people: how many threads work, and why not more. */
  get reason(): string {
    if (this.#active === this.threads) return this.#reason;
    return `${this.#active} of ${this.threads} threads ${this.#active === 1 ? 'works' : 'work'}: other runs have the rest.`;
  }

  /** From the next tasks on so many threads work, at least this one and at most those that there are. Not while tasks are under way. */
  use(threads: number): void {
    this.#active = Math.min(this.threads, Math.max(1, Math.floor(threads)));
    this.#kernels.call.useThreads(this.#team, this.#active - 1);
  }

  /**
   * Has every task done. The host's event loop turns only where that takes long, for it is what learns that a thread was killed.
   * @throws ThreadError, also ever after
   */
  async run(tasks: readonly Task[], workspaces: Address): Promise<void> {
    if (this.#end !== undefined) throw new ThreadError(this.#end);
    if (tasks.length === 0) return;
    const { call } = this.#kernels;
    const list = this.#room(tasks.length);
    this.#kernels.u32(list, tasks.length * TASK_WORDS).set(tasks.flatMap(taskWords));
    const waits = mayWait() ? 1 : 0;
    let status = call.runTasks(this.#team, list, tasks.length, workspaces, waits);
    while (status === taskStatus.pending && this.#end === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      status = call.awaitTasks(this.#team, waits);
    }
    if (status === taskStatus.done) return;
    this.#end ??= stopped;
    throw new ThreadError(this.#end);
  }

  dispose(): void {
    this.#end ??= 'The engine was disposed of.';
    this.#kernels.call.disband(this.#team);
    for (const thread of this.#others) thread.terminate();
  }

  #room(tasks: number): Address {
    if (this.#list !== undefined && tasks <= this.#capacity) return this.#list;
    if (this.#list !== undefined) this.#kernels.call.release(this.#list);
    this.#list = this.#kernels.allocate(tasks * TASK_WORDS, 'the list of tasks');
    this.#capacity = tasks;
    return this.#list;
  }
}

/** Waits without blocking: a thread needs this one's event loop to start. */
async function haveJoined(kernels: Kernels, team: Address, threads: readonly Thread[]): Promise<boolean> {
  let gone = false;
  const give = () => (gone = true);
  for (const thread of threads) void thread.failed.then(give);
  const timer = setTimeout(give, JOINING_MS);
  while (!gone && kernels.call.joined(team) < threads.length) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  clearTimeout(timer);
  return !gone;
}
