/**
 * Beside the chart while runs go on here: how far each is, what the cold start's loss does, the newest attempt as it is
 * written, and, at the end, the examination.
 */
import { callsText, examText, percent } from '../../lab/lesson/captions.ts';
import { newestAt } from '../../lab/lesson/pair.ts';
import type { PhaseName } from '../../record/runView.ts';
import type { RunState } from '../../lab/state.ts';
import { formatDuration } from '../app/format.ts';
import { Attempt } from './Attempt.tsx';
import { LossLine } from './LossLine.tsx';
import type { Live, LiveRun } from './useLive.ts';
import type { Scene } from './useScene.ts';
import styles from './livePanel.module.css';

interface Props {
  readonly scene: Scene;
  readonly live: Live;
  readonly onLab: () => void;
}

export function LivePanel({ scene, live, onLab }: Props) {
  const going = live.runs.some(({ run }) => run.status === 'running' || run.status === 'starting');
  const both = live.state === 'both';
  const { over } = live;
  // Of several rescues there is room for the newest.
  const newest = live.runs.findLast(({ rescued }) => rescued);
  const shown = live.runs.filter((one) => !one.rescued || one === newest);
  return (
    <section className={styles.panel} aria-label="Trained here" data-testid="live-panel" data-over={over}>
      <p className="scene-where">
        <strong>{both ? 'Training both here' : `Rescuing ${scene.lesson.students.a.name} here`}</strong>
        <span>The thin lines are the recordings.</span>
      </p>
      <p className={styles.caption} aria-live="polite" data-testid="live-caption">
        {sentence(live, scene)}
      </p>
      {shown.map((one) => (
        <LiveStudent key={one.run.id} live={live} scene={scene} {...one} />
      ))}
      <div className={styles.buttons}>
        {over ? null : going ? (
          <button type="button" className="scene-quiet" onClick={live.pause}>
            {both ? 'Pause both' : 'Pause'}
          </button>
        ) : (
          <button type="button" className="scene-quiet" onClick={live.resume}>
            Go on
          </button>
        )}
        <button type="button" className="scene-quiet" data-testid="live-leave" onClick={live.leave}>
          {over ? 'Back to the recordings' : 'Stop'}
        </button>
        <button type="button" className="scene-quiet" onClick={onLab}>
          {both ? 'See both in the lab' : 'See it in the lab'}
        </button>
      </div>
    </section>
  );
}

interface StudentProps extends LiveRun {
  readonly scene: Scene;
  readonly live: Live;
}

function LiveStudent({ student, run, name, rescued, scene, live }: StudentProps) {
  const line = live.lines.find(({ id }) => id === run.id)?.run;
  const calls = line === undefined ? null : newestAt(line.calls, Infinity);
  const right = line === undefined ? null : newestAt(line.reward, Infinity);
  const newest = line?.answers.at(-1)?.trajectories ?? [];
  const exam = line?.after ?? null;
  const learning = run.phases.some(({ name, status }) => name === 'sft' && status === 'active');
  return (
    <div
      className={styles.student}
      data-student={student}
      data-rescued={rescued}
      data-testid={rescued ? 'live-rescued' : `live-${student}`}
      data-status={run.status}
    >
      <h3 className={styles.name}>
        {name}
        <span className={styles.standing}>{standing(run)}</span>
      </h3>
      {run.failure === null ? null : (
        <p role="alert" className={styles.failure}>
          {run.failure.message} {run.failure.advice}
        </p>
      )}
      {learning || calls === null ? (
        <LossLine points={run.series.sft} student={student} />
      ) : (
        <p className={styles.numbers}>
          <strong>{callsText(calls)}</strong> calls per attempt, <strong>{percent(right)}</strong> right
          {exam === null ? null : `; held-out exam ${examText(exam)}`}
        </p>
      )}
      <Attempt trajectory={newest[Math.min(scene.problem, newest.length - 1)]} />
    </div>
  );
}

/** The lesson's words for what a run does. */
const phaseWords: Readonly<Record<PhaseName, string>> = {
  problems: 'problems',
  teacher: 'the teacher writes',
  curation: 'solutions are chosen',
  sft: 'cold start',
  baseline: 'first examination',
  stage1: 'reinforcement learning',
  filter: 'solved problems go',
  stage2: 'longer problems',
  evaluation: 'examination',
};

function standing(run: RunState): string {
  if (run.status === 'starting') return run.boot?.message ?? 'starting';
  if (run.status === 'done') return 'done';
  if (run.status === 'paused') return 'paused';
  if (run.status === 'failed' || run.status === 'interrupted') return 'stopped';
  const phase = run.phases.find(({ status }) => status === 'active');
  if (phase === undefined) return '';
  const share = phase.total > 0 ? ` ${Math.round((100 * phase.done) / phase.total)}%` : '';
  const left = run.secondsLeft === null ? '' : `, ${formatDuration(run.secondsLeft)} left`;
  return `${phaseWords[phase.name]}${share}${left}`;
}

/** What they are doing, told when it changes and not with every number. */
function sentence({ runs, lines }: Live, { lesson, pair }: Scene): string {
  const { name: sparse } = lesson.students.a;
  const rescue = runs.findLast(({ rescued }) => rescued)?.run;
  if (runs.every(({ run }) => run.status === 'done')) {
    const told = lines
      .filter(({ run }) => run.after !== null)
      .map(({ name, run }) => `${name} ${examText(run.after)} right`);
    const recorded = runs.some(({ rescued }) => !rescued)
      ? ''
      : `; ${sparse}, as it was recorded, ${examText(pair.a.after)}`;
    return `The examination, on problems none of them has seen: ${told.join(', ')}${recorded}.`;
  }
  const at = (names: readonly string[]) =>
    runs.some(({ run }) =>
      run.phases.some(({ name, status }) => status === 'active' && names.includes(name)),
    );
  if (runs.some(({ run }) => run.failure !== null)) return 'One of them has stopped; see below.';
  const is = (status: RunState['status']) => runs.some(({ run }) => run.status === status);
  if (is('starting') && !is('running')) return 'Loading Python and the engine into this page…';
  if (rescue?.status === 'running') {
    const from = rescue.parent === null ? '' : ` from ${rescue.parent.place} on`;
    return at(['evaluation'])
      ? 'The examination: problems that it has not seen.'
      : `${sparse} learns${from} with one thing changed. Do the calls come back? Watch the green line.`;
  }
  if (at(['evaluation'])) return 'The examination: problems that neither has seen.';
  if (at(['stage2'])) return 'Longer problems, more room. Do the calls come back?';
  if (at(['stage1', 'filter'])) return `Only right answers are paid now. Watch the blocks of ${sparse}.`;
  if (at(['sft', 'baseline']))
    return 'The cold start: both imitate a teacher. The lower the loss, the better they copy it; below is what they write right now.';
  if (at(['teacher', 'curation', 'problems']))
    return 'Two teachers write solutions; every call in them is really run in Python.';
  return 'Loading Python and the engine into this page…';
}
