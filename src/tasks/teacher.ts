/**
 * The scripted expert, whose interaction density is a dial: how many steps it takes by tool, how many in its head, which
 * checks it makes in the end.
 *
 * Invariant: a plan says what the expert writes and which code it sends, never what the tool answers: results come
 * from the sandbox (`transcript.ts`). Without slips the plan's answer is right. Each kind of accident draws from a
 * fork of its own, so changing `slipRate` or `badCallRate` leaves problems, styles and checks as they were.
 */
import type { Random } from '../random/random.ts';
import type { Problem, ProblemFamily, Step } from './problem.ts';

export const teacherStyles = ['dense', 'sparse', 'natural', 'selective'] as const;
export type TeacherStyle = (typeof teacherStyles)[number];

export interface TeacherSettings {
  /** Weights of the styles in the pool; they need not add up to 1, but one must be positive. */
  readonly denseWeight: number;
  readonly sparseWeight: number;
  readonly naturalWeight: number;
  readonly selectiveWeight: number;
  /** Shares of the steps that the dense style takes by tool, one drawn a trajectory: `1` for every step, `0.6,0.75,0.9` to leave a choice. */
  readonly denseShares: string;
  /** Post-hoc checks after the last step: fewest and most of the sparse style; the natural style makes 0 to 2 of at most checksMax. */
  readonly checksMin: number;
  readonly checksMax: number;
  /** What a check does: repeat one of the last steps by tool, or only print the answer again. */
  readonly checkKind: 'step' | 'answer';
  /** Probability that a step in the head goes wrong. */
  readonly slipRate: number;
  /** Probability that a call is malformed Python or raises; the expert then sends it again, right. */
  readonly badCallRate: number;
}

export type Segment =
  | { readonly kind: 'thought'; readonly text: string }
  /** `bad` marks a call that is meant to fail. */
  | { readonly kind: 'call'; readonly code: string; readonly purpose: 'step' | 'check' | 'bad' };

export interface TeacherPlan {
  readonly problem: Problem;
  readonly style: TeacherStyle;
  readonly segments: readonly Segment[];
  /** What the expert answers: the problem's answer, but for slips. */
  readonly answer: string;
  /** Steps in the head that went wrong. */
  readonly slips: number;
}

/** The natural style's share of steps taken by tool, one of these a trajectory. */
const naturalToolShares = [0, 0, 0.2, 0.5, 1];

/** A step at least this difficult is one that the selective style gives to the tool. */
const selectiveThreshold = 0.5;

/** The numbers in a list of shares. Throws a sentence where it is none. */
export function parseShares(list: string): readonly number[] {
  const shares = list.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (shares.every((share) => share >= 0 && share <= 1)) return shares;
  throw new Error(
    `“${list}” is no list of shares; write numbers from 0 to 1 with commas, e.g. 0.6,0.75,0.9.`,
  );
}

/** Draws a style by the settings' weights. Throws where none is positive. */
export function teacherStyle(settings: TeacherSettings, random: Random): TeacherStyle {
  const weights: Record<TeacherStyle, number> = {
    dense: settings.denseWeight,
    sparse: settings.sparseWeight,
    natural: settings.naturalWeight,
    selective: settings.selectiveWeight,
  };
  const drawable = teacherStyles.filter((style) => weights[style] > 0);
  let rest = random.uniform() * drawable.reduce((total, style) => total + weights[style], 0);
  for (const style of drawable) {
    rest -= weights[style];
    if (rest < 0) return style;
  }
  const last = drawable.at(-1);
  if (last === undefined) throw new Error('One of the teacher styles needs a weight above 0.');
  return last;
}

/**
 * What the expert does with one problem.
 * @param family the problem's family, which works steps out after a slip
 * @param random advanced by exactly one draw
 */
export function planTrajectory(
  problem: Problem,
  family: ProblemFamily,
  style: TeacherStyle,
  settings: TeacherSettings,
  random: Random,
): TeacherPlan {
  const own = random.fork('teacher', random.uint32());
  const byTool = toolChoice(style, settings, own.fork('steps'));
  const accidents = own.fork('bad-calls');
  const slipping = own.fork('slips');
  const segments: Segment[] = [];
  const taken: Step[] = [];
  let incoming = problem.start;
  let slips = 0;

  const write = (text: string) => segments.push({ kind: 'thought', text });
  const call = (prefix: string, code: string, purpose: 'step' | 'check') => {
    if (accidents.uniform() < settings.badCallRate) {
      write(prefix);
      segments.push({ kind: 'call', code: spoiled(code, accidents), purpose: 'bad' });
    }
    write(prefix);
    segments.push({ kind: 'call', code, purpose });
  };

  problem.steps.forEach((right, i) => {
    let step = family.work(incoming, right.operation, right.label);
    if (byTool(right)) {
      call(step.label, step.code, 'step');
    } else {
      const wrong =
        slipping.uniform() < settings.slipRate ? slippedStep(problem, family, i, step, slipping) : null;
      if (wrong !== null) {
        slips++;
        step = wrong;
      }
      write(step.label + step.thought);
    }
    taken.push(step);
    incoming = step.value;
  });

  const checks = Math.min(checkCount(style, settings, own.fork('checks')), taken.length);
  for (let j = 0; j < checks; j++) {
    const step = taken[taken.length - 1 - j];
    if (settings.checkKind === 'answer' || step === undefined) call('', incoming, 'check');
    else call(step.label, step.code, 'check');
  }
  return { problem, style, segments: joined(segments), answer: incoming, slips };
}

/** Codes of a plan's calls, in the order in which one namespace must run them. */
export function planCode(plan: TeacherPlan): string[] {
  return plan.segments.flatMap((segment) => (segment.kind === 'call' ? [segment.code] : []));
}

function toolChoice(style: TeacherStyle, settings: TeacherSettings, random: Random): (step: Step) => boolean {
  const shareOf = (shares: readonly number[]) => {
    const share = random.choice(shares);
    return () => random.uniform() < share;
  };
  switch (style) {
    case 'dense':
      return shareOf(parseShares(settings.denseShares));
    case 'sparse':
      return () => false;
    case 'natural':
      return shareOf(naturalToolShares);
    case 'selective':
      return (step) => step.difficulty >= selectiveThreshold;
  }
}

function checkCount(style: TeacherStyle, settings: TeacherSettings, random: Random): number {
  switch (style) {
    case 'dense':
    case 'selective':
      return 0;
    case 'sparse':
      return random.integer(settings.checksMin, settings.checksMax);
    case 'natural':
      return random.integer(0, Math.min(2, settings.checksMax));
  }
}

/**
 * The step with a wrong value at its end: near the right one, never one from which the rest would leave the family's
 * range, and if there is such a one, one that makes the answer wrong (`%` and `//` forgive some). Null where every
 * near value leads out of range: then the expert gets this step right.
 */
function slippedStep(
  problem: Problem,
  family: ProblemFamily,
  index: number,
  step: Step,
  random: Random,
): Step | null {
  const value = Number(step.value);
  let forgiven: Step | null = null;
  for (const slip of random.shuffle([-10, -3, -2, -1, 1, 2, 3, 10])) {
    const end = continued(problem, family, index + 1, value + slip);
    if (end === null) continue;
    const wrong = {
      ...step,
      value: String(value + slip),
      thought: rewritten(step.thought, step.value, value + slip),
    };
    if (end !== problem.answer) return wrong;
    forgiven ??= wrong;
  }
  return forgiven;
}

/** The answer that follows when step `from` starts at `value`; null where a value leaves 0..valueMax on the way. */
function continued(problem: Problem, family: ProblemFamily, from: number, value: number): string | null {
  const inRange = (n: number) => n >= 0 && n <= family.valueMax;
  let incoming = String(value);
  if (!inRange(value)) return null;
  for (const { operation, label } of problem.steps.slice(from)) {
    incoming = family.work(incoming, operation, label).value;
    if (!inRange(Number(incoming))) return null;
  }
  return incoming;
}

/** The thought with the slip where its value is first stated: after a `=`, before a space. */
function rewritten(thought: string, value: string, slip: number): string {
  return thought.replace(new RegExp(`=${value}(?= )`), `=${slip}`);
}

/** A call that cannot succeed: cut short, an unknown name, a bracket that never opened, or a division by zero. */
function spoiled(code: string, random: Random): string {
  return random.choice([`${code}*`, `${code})`, `${code}+n`, `${code}//0`]);
}

/** Neighbouring thoughts as one, empty ones left out. */
function joined(segments: readonly Segment[]): Segment[] {
  const out: Segment[] = [];
  for (const segment of segments) {
    const last = out.at(-1);
    if (segment.kind === 'thought' && last?.kind === 'thought')
      out[out.length - 1] = { kind: 'thought', text: last.text + segment.text };
    else if (segment.kind === 'call' || segment.text !== '') out.push(segment);
  }
  return out;
}
