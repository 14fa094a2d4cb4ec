/**
 * The x axis of everything measured on rollouts: how many rounds the run will have, and where its phases begin.
 *
 * Invariant (roundAxis.test.ts): until a phase begins its place is the one planned by the settings, afterwards where it really began. The
 * axis covers the whole plan from the start, so a chart fills from left to right and does not rescale.
 */
import type { RunSettings } from '../../recipes/formModel.ts';
import type { RunState } from '../../lab/state.ts';

const spanLabels = { sft: 'Cold start', stage1: 'GRPO stage 1', stage2: 'GRPO stage 2' } as const;
const spanNames = ['sft', 'stage1', 'stage2'] as const;

export interface PhaseSpan {
  readonly name: (typeof spanNames)[number];
  readonly label: string;
  /** The last round before the phase: its own rounds are the ones after. */
  readonly from: number;
  readonly to: number; // round
  /** False while the span is only a plan. */
  readonly begun: boolean;
  /** Its problems' lengths, "4–6", where they get longer than the phase before had them; calls may rise for that alone. */
  readonly lengthens: string | null;
}

/** Calls below which the collapse zone lies; null before the run has a reference to measure it from, and where it has none. */
export function zoneTopOf({ threshold }: RunState['collapse']): number | null {
  return threshold === null || threshold <= 0 ? null : threshold;
}

/**
 * Where phases have begun, as one comparable string ("sft:0 stage1:8"): a selector must not make a fresh array, and a
 * run's phases are fresh with every progress.
 */
export function phaseStarts(run: Pick<RunState, 'phases'>): string {
  return run.phases
    .filter(({ status }) => status !== 'waiting')
    .map(({ name, round }) => `${name}:${round}`)
    .join(' ');
}

/** The three phases that roll out, with their rounds; phases that have no round are left out. */
export function phaseSpans(settings: RunSettings, starts: string, lastRound: number): readonly PhaseSpan[] {
  const planned = {
    sft: settings.sft.probes,
    stage1: settings.stage1.steps,
    stage2: settings.stage2.steps,
  };
  const begunAt = new Map(
    starts.split(' ').map((start) => {
      const [name = '', round = '0'] = start.split(':');
      return [name, Number(round)];
    }),
  );
  const spans: PhaseSpan[] = [];
  let from = 0;
  for (const name of spanNames) {
    const start = Math.max(begunAt.get(name) ?? from, name === 'sft' ? 0 : (spans.at(-1)?.from ?? 0));
    const previous = spans.at(-1);
    if (previous !== undefined) spans[spans.length - 1] = { ...previous, to: start };
    spans.push({
      name,
      label: spanLabels[name],
      from: start,
      to: start + planned[name],
      begun: begunAt.has(name),
      lengthens: name === 'stage2' ? longerLengths(settings) : null,
    });
    from = start + planned[name];
  }
  const last = spans.at(-1);
  if (last !== undefined) spans[spans.length - 1] = { ...last, to: Math.max(last.to, lastRound) };
  return spans.filter((span) => span.to > span.from);
}

/** Stage 2's lengths in words where they reach beyond stage 1's. */
function longerLengths({ stage1, stage2 }: RunSettings): string | null {
  if (stage2.maxLength <= stage1.maxLength) return null;
  const { minLength, maxLength } = stage2;
  return minLength === maxLength ? `${maxLength}` : `${minLength}–${maxLength}`;
}

/** A character of a phase's name, and what keeps it from the next one, pixels. */
const [characterWidth, gap] = [6.3, 8];

/** The phase's name, and that its problems are longer where they are; as much of both as fits. @param room pixels up to the next phase */
export function spanLabel({ name, label, lengthens }: PhaseSpan, room: number): string {
  const short = { sft: 'SFT', stage1: '1', stage2: '2' }[name];
  const longer = lengthens === null ? '' : ' ↗';
  const words = [
    ...(lengthens === null
      ? []
      : [`${label} · longer problems: ${lengthens} steps`, `${label} ↗ ${lengthens} steps`]),
    `${label}${longer}`,
    `${label.replace('GRPO stage', 'Stage')}${longer}`,
    `${short}${longer}`,
  ];
  return words.find((text) => text.length * characterWidth + gap <= room) ?? '';
}

/** Where the axis ends. */
export function lastPlannedRound(spans: readonly PhaseSpan[]): number {
  return Math.max(1, spans.at(-1)?.to ?? 1);
}

/** The phase that a round belongs to. */
export function phaseAt(spans: readonly PhaseSpan[], round: number): PhaseSpan | undefined {
  return spans.findLast((span) => round > span.from) ?? spans[0];
}

/** Ticks from 0 to an `axisTop`, at round numbers. */
export function axisTicks(top: number): number[] {
  const step =
    [0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 10, 20, 25, 50].find((candidate) => {
      const steps = top / candidate;
      return steps <= 5.001 && Math.abs(steps - Math.round(steps)) < 1e-6;
    }) ?? top;
  return Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
}

/** The top of an axis that must include `value`: from a short list, so that it changes rarely. */
export function axisTop(value: number, least: number): number {
  const tops = [0.1, 0.2, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 30, 40, 50, 80, 100, 150, 200];
  const wanted = Math.max(value * 1.04, least);
  return tops.find((top) => top >= wanted) ?? Math.ceil(wanted / 100) * 100;
}
