/**
 * What a headless run says of its events: of the rollouts one group a round, to be read, and headlines for the terminal. What was measured is
 * logged whole (curveLog.ts).
 */
import { decodeTokens } from '../tasks/vocabulary.ts';
import type { RunEvent } from '../train/events.ts';
import { tellingGroup } from '../train/inspected.ts';
import type { RunFolder } from './runFolder.ts';

/** The telling group of a round, into trajectories.jsonl. */
export function logTrajectories(folder: RunFolder, event: RunEvent): void {
  if (event.type !== 'trajectories') return;
  for (const { tokens, calls, ...rest } of tellingGroup(event.trajectories)) {
    const { problem, reward, advantage, prompt, sample, stop } = rest;
    folder.append('trajectories.jsonl', {
      phase: event.phase,
      round: event.round,
      prompt,
      sample,
      reward,
      advantage,
      calls: calls.length,
      stop,
      question: problem.question,
      answer: problem.answer,
      text: decodeTokens(tokens),
    });
  }
}

/** What deserves a line of its own on the terminal; null for the rest. */
export function headline(event: RunEvent): string | null {
  switch (event.type) {
    case 'phase':
      return `${event.phase}: ${event.total} ${event.unit}`;
    case 'round': {
      const { values } = event;
      const calls = values['tool_use/avg_tool_calls_per_trajectory'];
      const entropy = values['actor/entropy'];
      return (
        `${event.phase} ${event.step}: ${calls === undefined ? '–' : calls.toFixed(2)} calls, ${percent(values['critic/score/mean'])} right, ` +
        `${percent(values['response_length/clip_ratio'])} cut off${entropy === undefined ? '' : `, entropy ${entropy.toFixed(3)}`}`
      );
    }
    case 'benchmark': {
      const { benchmark, budget, meanAtK, passAtK, k, toolCalls } = event.result;
      return `${benchmark}, ${budget} budget: mean@${k} ${percent(meanAtK)}, pass@${k} ${percent(passAtK)}, ${toolCalls.toFixed(2)} calls`;
    }
    case 'collapsed':
      return `collapse alarm: ${event.density.toFixed(2)} calls per trajectory`;
    case 'sft':
    case 'progress':
    case 'trajectories':
    case 'probe':
    case 'curation':
    case 'promptFilter':
    case 'collapseReference':
    case 'done':
      return null;
  }
}

/** A dash for what was not measured. */
const percent = (share: number | undefined) => (share === undefined ? '–' : `${(100 * share).toFixed(1)}%`);

/** Minutes and seconds. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${String(Math.floor(whole / 60)).padStart(3)}:${String(whole % 60).padStart(2, '0')}`;
}
