/**
 * Two stacks of barcodes: both students' answers to the same problems, as the playhead's round left them. Row by row the same problem; one
 * is chosen, and told in words and in full.
 *
 * A strip is one SVG path for each kind of token, so that a scrub redraws little. Kinds differ in height and pattern as well as in colour.
 */
import { memo, useMemo, type ReactNode } from 'react';
import { answersAt } from '../../lab/lesson/pair.ts';
import { problemInWords } from '../../lab/lesson/inWords.ts';
import type { ScoredTrajectory } from '../../record/runView.ts';
import { students, type Student } from '../../recipes/lessons.ts';
import { tokenSegments, type SegmentKind } from '../inspector/segments.ts';
import { Attempt } from './Attempt.tsx';
import type { LiveLine } from './LiveMarks.tsx';
import { useRound, type Scene } from './useScene.ts';
import styles from './stacks.module.css';

/** A call that was never closed, so that nothing ran, is an empty frame. */
type Drawn = Exclude<SegmentKind, 'prompt'> | 'unfinished';
const kinds: readonly Drawn[] = ['thought', 'call', 'unfinished', 'response', 'answer'];
const heights: Readonly<Record<Drawn, number>> = {
  thought: 4,
  call: 10,
  unfinished: 10,
  response: 6,
  answer: 10,
};

interface Props {
  readonly scene: Scene;
  readonly live: readonly LiveLine[];
  /** What a person can do, beside the problem. */
  readonly actions: ReactNode;
}

export function Stacks({ scene, live, actions }: Props) {
  const { pair, lesson } = scene;
  const round = useRound(scene);
  const longest = useMemo(
    () =>
      Math.max(
        1,
        ...students.flatMap((who) =>
          pair[who].answers.flatMap(({ trajectories }) => trajectories.map(written)),
        ),
      ),
    [pair],
  );
  const going = (who: Student) => live.findLast(({ student }) => student === who);
  const shown = (who: Student): readonly ScoredTrajectory[] =>
    (going(who)?.run.answers.at(-1) ?? answersAt(pair[who].answers, round))?.trajectories ?? [];
  const [a, b] = [shown('a'), shown('b')];
  const problem = (a[scene.problem] ?? b[scene.problem])?.problem;
  const words = problem === undefined ? null : problemInWords(problem);
  return (
    <section className={styles.stacks} aria-label="The same problems, answered by both">
      <div className={styles.band}>
        <div className={styles.told}>
          <p className={styles.problem} data-testid="scene-problem">
            {problem === undefined ? (
              'Nothing has been answered yet.'
            ) : (
              <>
                <span className={styles.label}>Problem {scene.problem + 1}</span>
                <code className={styles.code}>{problem.question.trim()}</code>
                {words === null ? (
                  <span className={styles.solution}>Answer: {problem.answer}</span>
                ) : (
                  <span>
                    {words.replace(/\.$/, ':')} <b className={styles.solution}>{problem.answer}</b>.
                  </span>
                )}
              </>
            )}
          </p>
          <Legend />
        </div>
        {actions}
      </div>
      <div className={styles.pair}>
        {students.map((who) => (
          <div key={who} className={styles.student} data-student={who} data-testid={`stack-${who}`}>
            <h2 className={styles.name}>
              {lesson.students[who].name}
              <span className={styles.taught}>
                {going(who)?.rescued === true
                  ? 'Rescued: what it answers now, with one thing changed.'
                  : lesson.students[who].taught}
              </span>
            </h2>
            <Stack
              who={who}
              name={lesson.students[who].name}
              answers={who === 'a' ? a : b}
              longest={longest}
              chosen={scene.problem}
              onChoose={scene.setProblem}
            />
            <Attempt trajectory={(who === 'a' ? a : b)[scene.problem]} />
          </div>
        ))}
      </div>
    </section>
  );
}

interface StackProps {
  readonly who: Student;
  readonly name: string;
  readonly answers: readonly ScoredTrajectory[];
  readonly longest: number;
  readonly chosen: number;
  readonly onChoose: (problem: number) => void;
}

const Stack = memo(function Stack({ who, name, answers, longest, chosen, onChoose }: StackProps) {
  return (
    <div
      role="radiogroup"
      aria-label={`${name}: its answers`}
      className={styles.stack}
      onKeyDown={(event) => {
        const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
        if (step === undefined || answers.length === 0) return;
        event.preventDefault();
        const next = (chosen + step + answers.length) % answers.length;
        onChoose(next);
        event.currentTarget.querySelectorAll<HTMLElement>('[role=radio]')[next]?.focus();
      }}
    >
      {answers.map((trajectory, i) => (
        <Strip
          key={i}
          who={who}
          trajectory={trajectory}
          longest={longest}
          index={i}
          chosen={i === chosen}
          onChoose={onChoose}
        />
      ))}
    </div>
  );
});

interface StripProps {
  readonly who: Student;
  readonly trajectory: ScoredTrajectory;
  readonly longest: number;
  readonly index: number;
  readonly chosen: boolean;
  readonly onChoose: (problem: number) => void;
}

const Strip = memo(function Strip({ trajectory, longest, index, chosen, onChoose }: StripProps) {
  const paths = useMemo(() => stripPaths(trajectory), [trajectory]);
  const { calls, reward, stop } = trajectory;
  const right = reward > 0;
  const verdict = right ? 'right' : stop === 'end' ? 'wrong' : 'cut off';
  return (
    <button
      type="button"
      role="radio"
      aria-checked={chosen}
      tabIndex={chosen ? 0 : -1}
      className={styles.strip}
      aria-label={`Problem ${index + 1}, ${trajectory.problem.question.trim()}: ${calls.length} calls, ${verdict}`}
      onClick={() => onChoose(index)}
    >
      <svg
        className={styles.bars}
        viewBox={`0 0 ${longest} 10`}
        preserveAspectRatio="none"
        aria-hidden="true"
        focusable="false"
      >
        {kinds.map((kind) => (
          <path key={kind} data-kind={kind} d={paths[kind]} />
        ))}
      </svg>
      <span className={styles.verdict} data-right={right} aria-hidden="true">
        {right ? '✓' : stop === 'end' ? '✗' : '…'}
      </span>
    </button>
  );
});

/** Tokens that the attempt wrote and read, the question aside. */
function written({ tokens, lossMask }: Pick<ScoredTrajectory, 'tokens' | 'lossMask'>): number {
  const first = lossMask.indexOf(1);
  return first < 0 ? 0 : tokens.length - first;
}

function stripPaths(trajectory: ScoredTrajectory): Readonly<Record<Drawn, string>> {
  const paths = { thought: '', call: '', unfinished: '', response: '', answer: '' };
  const start = trajectory.tokens.length - written(trajectory);
  for (const { kind: of, from, to, finished } of tokenSegments(trajectory)) {
    if (of === 'prompt') continue;
    const kind = finished ? of : 'unfinished';
    const height = heights[kind];
    paths[kind] += `M${from - start + 0.15} ${10 - height}H${to - start - 0.15}V10H${from - start + 0.15}Z`;
  }
  return paths;
}

function Legend() {
  const told = [
    ['thought', 'thought: it reckons in its head'],
    ['call', 'call: it asks Python'],
    ['response', 'what Python prints'],
    ['answer', 'its answer'],
  ] as const;
  return (
    <ul className={styles.legend}>
      {told.map(([kind, label]) => (
        <li key={kind}>
          <svg className={styles.key} viewBox="0 0 14 10" aria-hidden="true">
            <path data-kind={kind} d={`M0 ${10 - heights[kind]}H14V10H0Z`} />
          </svg>
          {label}
        </li>
      ))}
    </ul>
  );
}
