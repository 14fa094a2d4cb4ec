/**
 * The threads that work on a list of tasks, this one among them.
 */
import type { Address } from '../kernelExports.ts';
import type { Kernels } from '../kernels.ts';
import { TASK_WORDS, taskWords, type Task } from './tasks.ts';

/** A thread has died; `message` is a sentence for people. */
export class ThreadError extends Error {
  override readonly name = 'ThreadError';
}

export class Team {
  /** This one counted. */
  readonly threads: number;
  readonly #kernels: Kernels;
  readonly #team: Address;
  readonly #mayWait: boolean;
  #list: Address | undefined;
  #capacity = 0;

  /** @param mayWait false on a page's main thread, which must not sleep */
  constructor(kernels: Kernels, team: Address, threads: number, mayWait: boolean) {
    this.#kernels = kernels;
    this.#team = team;
    this.threads = threads;
    this.#mayWait = mayWait;
  }

  /** Has every task done. @throws ThreadError */
  run(tasks: readonly Task[], workspaces: Address): void {
    if (tasks.length === 0) return;
    const { call } = this.#kernels;
    const list = this.#room(tasks.length);
    this.#kernels.u32(list, tasks.length * TASK_WORDS).set(tasks.flatMap(taskWords));
    if (call.runTasks(this.#team, list, tasks.length, workspaces, this.#mayWait ? 1 : 0) === 0) {
      throw new ThreadError('A thread of the engine stopped. Start the run again from its last checkpoint.');
    }
  }

  #room(tasks: number): Address {
    if (this.#list !== undefined && tasks <= this.#capacity) return this.#list;
    if (this.#list !== undefined) this.#kernels.call.release(this.#list);
    this.#list = this.#kernels.allocate(tasks * TASK_WORDS, 'the list of tasks');
    this.#capacity = tasks;
    return this.#list;
  }
}
