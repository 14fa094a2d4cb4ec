/**
 * Comparisons: an open study, or the runs of the list, and how to make a study.
 */
import { Button } from '@mantine/core';
import { ChartSpline, FileUp } from 'lucide-react';
import { experiments } from '../../recipes/experiments.ts';
import type { LabState } from '../../lab/state.ts';
import { useLab, useLabActions } from '../app/lab.tsx';
import { useFileInput } from '../topbar/useFileInput.tsx';
import { RunsCompare } from './RunsCompare.tsx';
import { StudyView } from './StudyView.tsx';
import styles from './compare.module.css';

const selectStudy = (state: LabState) => state.study;
const selectStudies = (state: LabState) => state.studies;

export function Compare() {
  const open = useLab(selectStudy);
  return open === null ? <NoStudy /> : <StudyView key={open.name} name={open.name} study={open.study} />;
}

function NoStudy() {
  const { input, ask } = useFileInput('Study', 'open-study');
  const studies = useLab(selectStudies);
  const actions = useLabActions();
  return (
    <div className={styles.compare} data-testid="no-study">
      <RunsCompare />
      <header className={styles.head}>
        <h3>One run is an anecdote</h3>
        <p>
          A study runs an experiment’s variants on several seeds, on the command line. Its{' '}
          <code>study.json</code> opens here: a line for each variant with its spread, and the run in focus
          beside them.
        </p>
      </header>
      {studies.length === 0 ? null : (
        <ul className={styles.studies} aria-label="Studies that come with the page">
          {studies.map(({ file, title, description }) => (
            <li key={file}>
              <Button
                size="xs"
                variant="default"
                leftSection={<ChartSpline size={14} aria-hidden />}
                onClick={() => void actions.openStudy(file)}
              >
                {title}
              </Button>
              <p>{description}</p>
            </li>
          ))}
        </ul>
      )}
      <div>
        <Button size="xs" variant="default" leftSection={<FileUp size={14} aria-hidden />} onClick={ask}>
          Open a study …
        </Button>
        {input}
      </div>
      <details className={styles.details}>
        <summary>The {experiments.length} experiments there are</summary>
        <ul className={styles.experiments}>
          {experiments.map(({ name, title, question, variants }) => (
            <li key={name}>
              <strong>{title}</strong> <span>{variants.length} variants</span>
              <p>{question}</p>
              <code>npm run study -- {name}</code>
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}
