/**
 * An open study: what it asked and how it was made, its lines, and its numbers, with the run shown laid over it.
 *
 * Every number comes from study/compare.ts. Invariant (compare.test.tsx): a line that is switched off is left out of the chart and of the
 * chart's table, never of the tables below.
 */
import { useMemo, useState } from 'react';
import { CloseButton } from '@mantine/core';
import { distinct, runLine, stageStarts, studyLines, studyRows } from '../../study/compare.ts';
import { studyMetrics, type Study, type StudyMetric } from '../../study/study.ts';
import { shownRun, type LabState, type RunState } from '../../lab/state.ts';
import { useLabActions, useRun } from '../app/lab.tsx';
import { runStyle, styleAt, variantStyles } from '../app/runStyle.ts';
import { sameRounds } from '../charts/sameSeries.ts';
import { useInTurn } from '../charts/turns.ts';
import { CompareFigure, type DrawnLine } from './CompareFigure.tsx';
import { CrossMap } from './CrossMap.tsx';
import { AccuracyTable, CallsTable, RunList } from './CompareTables.tsx';
import { MetricSelect } from './MetricSelect.tsx';
import { VariantLegend } from './VariantLegend.tsx';
import styles from './compare.module.css';

const runTurn = { select: (state: LabState) => shownRun(state).series, pace: 1000, same: sameRounds };
const selectSource = (run: RunState) => run.source;
/** The name of the run's line; no variant is called so. */
const thisRun = '(this run)';
/** Of no variant: the colour of the text. */
const thisRunStyle = { ...runStyle(0, 7), colour: 'var(--lab-ink)' };

export function StudyView({ name, study }: { name: string; study: Study }) {
  const [metric, setMetric] = useState<StudyMetric>('tool_use/avg_tool_calls_per_trajectory');
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => studyRows(study), [study]);
  const lines = useLines(study, metric);
  const drawn = useMemo(() => lines.filter((line) => !hidden.has(line.name)), [lines, hidden]);
  const stages = useMemo(
    () =>
      stageStarts(
        study,
        drawn.map((line) => line.name),
      ),
    [study, drawn],
  );
  const styleOf = (variant: string) => lines.find((line) => line.name === variant)?.style;
  const toggle = (line: string) => {
    const next = new Set(hidden);
    if (!next.delete(line)) next.add(line);
    setHidden(next);
  };
  return (
    <div className={styles.compare} data-testid="study" data-experiment={study.experiment}>
      <StudyHead name={name} study={study} />
      <CrossMap study={study} />
      <section className={styles.drawing} aria-label="Variants by rollout round">
        <MetricSelect names={studyMetrics} value={metric} onChange={setMetric} />
        <div className={styles.chart}>
          <CompareFigure lines={drawn} stages={stages} metric={metric} />
        </div>
        <VariantLegend
          items={lines.map((line) => ({ ...line, shown: !hidden.has(line.name) }))}
          onToggle={toggle}
        />
        <StageNote stages={stages} />
      </section>
      <CallsTable rows={rows} styleOf={styleOf} />
      <AccuracyTable
        rows={rows}
        styleOf={styleOf}
        k={study.runs.flatMap(({ benchmarks }) => benchmarks)[0]?.k ?? null}
      />
      <RunList study={study} />
    </div>
  );
}

/** A line for each variant of the study, and one for the run shown where it has numbers. */
function useLines(study: Study, metric: StudyMetric): readonly DrawnLine[] {
  const { rounds } = useInTurn(runTurn);
  const source = useRun(selectSource);
  return useMemo(() => {
    const lines = studyLines(study, metric);
    const looks = variantStyles(lines.map(({ name }) => name));
    const variants = lines.map((line, place) => ({ ...line, style: looks[place] ?? styleAt(place) }));
    const points = runLine(rounds, metric);
    if (points.length === 0) return variants;
    const title = source.kind === 'live' ? 'This run' : `This run: ${source.name}`;
    return [...variants, { name: thisRun, title, style: thisRunStyle, points, seeds: [] }];
  }, [study, metric, rounds, source]);
}

function StudyHead({ name, study }: { name: string; study: Study }) {
  const actions = useLabActions();
  const seeds = [...distinct(study.runs.map(({ seed }) => seed))].sort((a, b) => a - b);
  const engines = distinct(study.runs.map(({ engine }) => engine));
  const facts: readonly (readonly [string, string])[] = [
    ['preset', study.preset],
    [seeds.length === 1 ? 'seed' : 'seeds', seeds.join(', ')],
    [engines.length === 1 ? 'engine' : 'engines', engines.join('; ')],
    ['made', study.createdAt.slice(0, 10)],
    ...(study.commit === null ? [] : [['commit', study.commit.slice(0, 10)] as const]),
    ['file', name],
  ];
  return (
    <header className={styles.head}>
      <CloseButton
        size={24}
        className={styles.close ?? ''}
        aria-label="Close the study"
        onClick={() => actions.closeStudy()}
      />
      <h3>{study.title}</h3>
      <p>{study.question}</p>
      <dl>
        {facts.map(([term, fact]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{fact}</dd>
          </div>
        ))}
      </dl>
      {study.missing === undefined ? null : (
        <p className={styles.note}>
          Partial: {study.missing.length} {study.missing.length === 1 ? 'run is' : 'runs are'} still missing.
        </p>
      )}
    </header>
  );
}

/** Shown only where the variants do not begin their stages in the same round. */
function StageNote({ stages }: { stages: ReturnType<typeof stageStarts> }) {
  const apart = stages.filter(({ variants }) => variants.length > 0);
  if (apart.length === 0) return null;
  return (
    <p className={styles.note}>
      Not all variants begin a stage in the same round:{' '}
      {apart
        .map(({ stage, round, variants }) => `stage ${stage} in ${round} (${variants.join(', ')})`)
        .join('; ')}
      .
    </p>
  );
}
