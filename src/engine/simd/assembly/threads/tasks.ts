// A list of tasks that do not depend on one another, and how threads share it: each takes the next that nobody has taken.
// What a task computes does not depend on who computes it, so neither do a run's numbers on how many threads there are.
import { decode, prefill } from '../model/decode';
import { lossRows } from '../model/train';
import { words } from '../memory';

/** Kinds. Arguments as in the functions below. */
const LOSS: i32 = 0;
const PREFILL: i32 = 1;
const DECODE: i32 = 2;

@unmanaged
class Task {
  kind: i32;
  a: usize;
  b: usize;
  c: usize;
  d: usize;
  e: usize;
  f: i32;
  g: i32;
}

/** What `runTasks` and `awaitTasks` return. */
const DONE: i32 = 0;
const FAILED: i32 = 1;
const PENDING: i32 = 2;

/** How long the host sleeps, nanoseconds, or looks again and again, before it is asked whether a thread has died. */
const PATIENCE: i64 = 250_000_000;
const LOOKS: i32 = 1 << 26;

const TASK_BYTES: usize = offsetof<Task>();

/** What the threads share. */
@unmanaged
export class Team {
  /** Rises when there are tasks; what the threads wait on. */
  round: i32;
  /** The next task that nobody has taken. */
  next: i32;
  /** Threads that are still at it; what the host waits on. */
  busy: i32;
  /** 1 once a thread has trapped. */
  failed: i32;
  /** Threads that have come so far. */
  joined: i32;
  /** 1 to send the threads home. */
  over: i32;
  threads: i32; // the host's own not counted
  /** Of these, how many take tasks: the first ones. The others come and go. */
  active: i32;
  count: i32;
  tasks: usize; // [count] Task
  workspaces: usize; // [threads + 1]: each thread's, the host's last
}

/** @param threads beside the host's own */
export function createTeam(threads: i32): usize {
  const team = new Team();
  team.round = 0;
  team.next = 0;
  team.busy = 0;
  team.failed = 0;
  team.joined = 0;
  team.over = 0;
  team.threads = threads;
  team.active = threads;
  team.count = 0;
  team.tasks = 0;
  team.workspaces = 0;
  return changetype<usize>(team);
}

/** From now on the first `active` of the threads take tasks, and the host. Not while tasks are under way. */
export function useThreads(team: usize, active: i32): void {
  changetype<Team>(team).active = active;
}

/**
 * Have `count` tasks done, by the threads and by the caller, and wait for them as `awaitTasks` does.
 * @param workspaces // [threads + 1]: whose rows each task must fit
 */
export function runTasks(team: usize, tasks: usize, count: i32, workspaces: usize, mayWait: bool): i32 {
  const t = changetype<Team>(team);
  t.tasks = tasks;
  t.count = count;
  t.workspaces = workspaces;
  atomic.store<i32>(team + offsetof<Team>('next'), 0);
  if (t.active === 0) {
    takeTasks(t, t.threads);
    return DONE;
  }
  atomic.store<i32>(team + offsetof<Team>('busy'), t.threads);
  atomic.add<i32>(team + offsetof<Team>('round'), 1);
  atomic.notify(team + offsetof<Team>('round'), -1);
  takeTasks(t, t.threads);
  return awaitTasks(team, mayWait);
}

/**
 * Wait for the threads, but not for ever: one that was killed cannot say so here, and only the host's event loop learns of it.
 * @param mayWait false where the caller may not sleep (a page's main thread): it looks again and again
 * @returns FAILED when a thread has failed: then nothing can be relied on. PENDING: threads are still at it, ask again
 */
export function awaitTasks(team: usize, mayWait: bool): i32 {
  for (let looks = 0; ; looks++) {
    const busy = atomic.load<i32>(team + offsetof<Team>('busy'));
    if (atomic.load<i32>(team + offsetof<Team>('failed')) !== 0) return FAILED;
    if (busy <= 0) return DONE;
    if (!mayWait && looks === LOOKS) break;
    if (mayWait && atomic.wait<i32>(team + offsetof<Team>('busy'), busy, PATIENCE) === 2) break;
  }
  return PENDING;
}

/** Threads that have begun to wait for tasks. */
export function joined(team: usize): i32 {
  return atomic.load<i32>(team + offsetof<Team>('joined'));
}

/** A thread's life: wait for a round, take part, say so, until the team is over. */
export function serve(team: usize, index: i32): void {
  const t = changetype<Team>(team);
  let round = 0;
  atomic.add<i32>(team + offsetof<Team>('joined'), 1);
  for (;;) {
    while (atomic.load<i32>(team + offsetof<Team>('round')) === round) {
      atomic.wait<i32>(team + offsetof<Team>('round'), round, -1);
    }
    round++;
    if (atomic.load<i32>(team + offsetof<Team>('over')) === 1) return;
    if (index < t.active) takeTasks(t, index);
    leave(team);
  }
}

/** A thread has trapped: say so instead of leaving the host to wait for ever. */
export function fail(team: usize): void {
  atomic.store<i32>(team + offsetof<Team>('failed'), 1);
  leave(team);
}

/** Send the threads home. */
export function disband(team: usize): void {
  atomic.store<i32>(team + offsetof<Team>('over'), 1);
  atomic.add<i32>(team + offsetof<Team>('round'), 1);
  atomic.notify(team + offsetof<Team>('round'), -1);
}

function leave(team: usize): void {
  const before = atomic.sub<i32>(team + offsetof<Team>('busy'), 1);
  if (before === 1) atomic.notify(team + offsetof<Team>('busy'), -1);
}

function takeTasks(t: Team, index: i32): void {
  const workspace = load<usize>(t.workspaces + words(index));
  for (;;) {
    const next = atomic.add<i32>(changetype<usize>(t) + offsetof<Team>('next'), 1);
    if (next >= t.count) return;
    const task = changetype<Task>(t.tasks + <usize>next * TASK_BYTES);
    if (task.kind === LOSS) lossTask(task, workspace);
    else if (task.kind === PREFILL) prefillTask(task, workspace);
    else if (task.kind === DECODE) decode(task.a, workspace, task.b, task.c, task.f, task.g);
  }
}

/** model, weights, batch, gradient (0: none) and its bytes, ranges [f, 2] of (first row, rows): one after the other into the gradient. */
function lossTask(task: Task, workspace: usize): void {
  if (task.d) memory.fill(task.d, 0, <usize>task.g);
  for (let i = 0; i < task.f; i++) {
    const range = task.e + words(2 * i);
    lossRows(task.a, task.b, task.c, workspace, task.d, load<i32>(range), load<i32>(range, 4));
  }
}

/** rollout, tokens [f, 4], in lots of g rows at most. */
function prefillTask(task: Task, workspace: usize): void {
  for (let row = 0; row < task.f; row += task.g) {
    prefill(task.a, workspace, task.b + <usize>row * 16, min(task.g, task.f - row));
  }
}
