/**
 * What the page's main thread does, from Chromium's own trace: how long each task keeps it from answering the visitor.
 */
import type { Page } from '@playwright/test';

/** A task above this is one that a visitor can feel (the browsers' own definition of a long task), milliseconds. */
export const longTask = 50;

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly tdur?: number; // microseconds of processor time
  readonly args?: { readonly name?: string };
}

/**
 * Records from now on; the result stops the recording and returns every task's milliseconds of processor time. Wall time would not
 * do: without a graphics card the same cores also do its work and Python's, and take the page's thread off its core at any moment.
 */
export async function watchMainThread(page: Page): Promise<() => Promise<number[]>> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('There is no browser to trace.');
  await browser.startTracing(page, { categories: ['toplevel'] });
  return async () => {
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
      readonly traceEvents: readonly TraceEvent[];
    };
    const threads = traceEvents.filter(
      ({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain',
    );
    const tasks = traceEvents.filter(
      (event) =>
        event.name.endsWith('RunTask') &&
        threads.some(({ pid, tid }) => pid === event.pid && tid === event.tid),
    );
    if (tasks.length < 100) throw new Error(`The trace holds only ${tasks.length} tasks of the main thread.`);
    return tasks.map(({ tdur }) => (tdur ?? 0) / 1000);
  };
}
