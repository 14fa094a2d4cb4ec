/**
 * Rollouts: the policy writes, its calls really run, their output comes back as forced tokens.
 *
 * Invariants. (1) Tokens, mask and log-probabilities are the engine's; nothing is decoded and re-encoded but the code of
 * a call, which only the sandbox reads. (2) All calls of one chunk go to the sandbox as one batch, which runs beside the next chunk
 * where enough sequences can move on in it. (3) A trajectory that
 * asks for one call more than its budget, or outgrows its context, is cut there and keeps what it has.
 * Follows ASTER's multi-turn loop (at most 50 tool calls, one call a turn, a stateful interpreter per trajectory).
 */
import type { PolicyEngine, RolloutEvent, RolloutSequence } from '../engine/engine.ts';
import type { SamplingSettings } from '../policy/sampling.ts';
import type { Cell, ExecutionResult, Sandbox } from '../sandbox/sandbox.ts';
import { pendingCall } from '../tasks/calls.ts';
import type { Problem } from '../tasks/problem.ts';
import type { StopReason, ToolCall, Trajectory } from '../tasks/trajectory.ts';
import { promptTokens, responseTokens } from '../tasks/transcript.ts';
import { tokenIds } from '../tasks/vocabulary.ts';
import type { RunEvent } from './events.ts';
import { itemAt } from './lists.ts';
import { within, type TickStream } from './ticks.ts';

export interface RolloutPlan {
  /** One trajectory is sampled for each entry; repeat a problem for a group. */
  readonly problems: readonly Problem[];
  readonly sampling: SamplingSettings;
  readonly seed: number; // 32-bit
  readonly context: number; // tokens
  readonly callBudget: number;
  /** Tool output is shown to the policy up to this many characters. */
  readonly maxOutputLength: number;
  /** What each chunk's tick reports, given the number of finished trajectories; nothing where absent. */
  readonly progress?: (finished: number) => RunEvent;
}

type PendingCall = NonNullable<ReturnType<typeof pendingCall>>;

/** A sequence that handed its turn back, and the call that it ends in; null where no call had been opened. */
interface Turn {
  readonly sequence: RolloutSequence;
  readonly call: PendingCall | null;
}

/** Turns whose calls Python is running. */
interface Calling {
  readonly turns: readonly Turn[];
  readonly results: Promise<readonly ExecutionResult[]>;
}

const noCalls: Calling = { turns: [], results: Promise.resolve([]) };

interface Draft {
  readonly calls: ToolCall[];
  overBudget: boolean;
}

/** Sample one trajectory per problem, in the order of `plan.problems`. Yields after every rollout chunk. */
export async function* rollOut(
  engine: PolicyEngine,
  sandbox: Sandbox,
  firstTrajectory: number,
  plan: RolloutPlan,
): TickStream<Trajectory[]> {
  const drafts: Draft[] = plan.problems.map(() => ({ calls: [], overBudget: false }));
  const trajectories: (Trajectory | undefined)[] = plan.problems.map(() => undefined);
  const session = engine.startRollout({
    sampling: plan.sampling,
    seed: plan.seed,
    context: plan.context,
    turnEndTokens: [tokenIds.toolCallEnd],
    endTokens: [tokenIds.imEnd],
  });
  let finished = 0;
  let tokens = 0;
  let calling: Calling = noCalls;
  /** Hand Python's results back, as soon as they are there. */
  const answer = async () => {
    const { turns } = calling;
    const results = await calling.results;
    calling = noCalls;
    turns.forEach(({ sequence, call }, i) => {
      const result = itemAt(results, i);
      const response = responseTokens(result, plan.maxOutputLength);
      const end = sequence.tokens.length + response.length;
      // Nothing ran where nothing had been opened: the policy is told so, but that is no call (tasks/calls.ts).
      if (call !== null) itemAt(drafts, sequence.id).calls.push({ ...call, result, end });
      session.force(sequence.id, response);
    });
  };
  try {
    session.add(plan.problems.map((problem, id) => ({ id, prompt: promptTokens(problem) })));
    while (session.live > 0) {
      const events = await session.advance();
      await answer();
      const turns: Turn[] = [];
      for (const event of events) {
        const id = event.sequence.id;
        const draft = itemAt(drafts, id);
        if (event.type === 'finished') {
          trajectories[id] = assemble(itemAt(plan.problems, id), draft, event);
          finished++;
          tokens += event.sequence.tokens.length;
          continue;
        }
        const call = pendingCall(event.sequence.tokens);
        if (call !== null && draft.calls.length >= plan.callBudget) {
          draft.overBudget = true;
          session.finish(id);
        } else {
          turns.push({ sequence: event.sequence, call });
        }
      }
      calling = { turns, results: execute(sandbox, firstTrajectory, turns) };
      calling.results.catch(() => undefined); // told when they are waited for
      // Python works beside the next chunk where at least half of the sequences can move on in it. The rule counts sequences, not
      // time, so the same seed still gives the same ticks.
      if (2 * turns.length > session.live) await answer();
      yield { ...within(...(plan.progress === undefined ? [] : [plan.progress(finished)])), tokens };
      tokens = 0;
    }
  } finally {
    session.dispose();
    sandbox.release(plan.problems.map((_, id) => firstTrajectory + id));
  }
  return trajectories.map((trajectory, id) => {
    if (trajectory === undefined) throw new Error(`The engine never finished trajectory ${id}.`);
    return trajectory;
  });
}

/** Run the opened calls as one batch; a call that was never opened is a `format` result. */
async function execute(
  sandbox: Sandbox,
  firstTrajectory: number,
  turns: readonly Turn[],
): Promise<ExecutionResult[]> {
  const cells: Cell[] = turns.flatMap(({ sequence, call }) =>
    call === null ? [] : [{ trajectory: firstTrajectory + sequence.id, code: call.code }],
  );
  const results = cells.length > 0 ? await sandbox.run(cells) : [];
  let next = 0;
  return turns.map(({ call }) =>
    call === null
      ? { kind: 'format', message: 'The call was closed without having been opened.' }
      : itemAt(results, next++),
  );
}

function assemble(
  problem: Problem,
  draft: Draft,
  event: Extract<RolloutEvent, { type: 'finished' }>,
): Trajectory {
  const { tokens, lossMask, logProbs } = event.sequence;
  return {
    problem,
    tokens,
    lossMask,
    logProbs,
    calls: draft.calls.map((call) => ({ ...call, end: Math.min(call.end, tokens.length) })),
    stop: stopReason(draft, event.reason),
  };
}

function stopReason(draft: Draft, reason: 'end' | 'context' | 'stopped'): StopReason {
  switch (reason) {
    case 'end':
      return 'end';
    case 'context':
      return 'context';
    case 'stopped':
      if (!draft.overBudget) throw new Error('A trajectory was stopped that had calls left.');
      return 'budget';
  }
}
