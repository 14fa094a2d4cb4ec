/**
 * The right of the page: guide, runs, trajectories, questions to the policy, curation, benchmarks, settings, comparison, speed, as tabs that scroll inside.
 *
 * Invariant (page.test.tsx, compare.test.tsx): until a person chooses a tab it follows the run (the guide first, the trajectories once
 * there are some); then it stays where they put it. Opening a study opens the comparison. Only the open tab is mounted.
 */
import { lazy, Suspense, useDeferredValue, useEffect, useRef, type ReactNode } from 'react';
import { Tabs } from '@mantine/core';
import type { LabState, RunState } from '../../lab/state.ts';
import { AskBox } from '../ask/AskBox.tsx';
import { ErrorBoundary } from '../app/ErrorBoundary.tsx';
import { useLab, useRun } from '../app/lab.tsx';
import { Benchmarks } from '../benchmarks/Benchmarks.tsx';
import { Compare } from '../compare/Compare.tsx';
import { Curation } from '../curation/Curation.tsx';
import { Guide } from '../guide/Guide.tsx';
import { Inspector } from '../inspector/Inspector.tsx';
import { RunList } from '../runs/RunList.tsx';
import { Speed } from '../speed/Speed.tsx';
import styles from './sidePanel.module.css';

const SettingsForm = lazy(async () => ({
  default: (await import('../settings/SettingsForm.tsx')).SettingsForm,
}));

export type PanelName =
  | 'guide'
  | 'runs'
  | 'trajectories'
  | 'ask'
  | 'curation'
  | 'benchmarks'
  | 'settings'
  | 'compare'
  | 'speed';

const panels: readonly {
  readonly name: PanelName;
  readonly label: string;
  readonly body: () => ReactNode;
}[] = [
  { name: 'guide', label: 'Guide', body: () => <Guide /> },
  { name: 'runs', label: 'Runs', body: () => <RunList /> },
  { name: 'trajectories', label: 'Trajectories', body: () => <Inspector /> },
  { name: 'ask', label: 'Ask it', body: () => <AskBox /> },
  { name: 'curation', label: 'Curation', body: () => <Curation /> },
  { name: 'benchmarks', label: 'Benchmarks', body: () => <Benchmarks /> },
  {
    name: 'settings',
    label: 'Settings',
    body: () => (
      <Suspense fallback={<p className={styles.loading}>Loading the settings …</p>}>
        <SettingsForm />
      </Suspense>
    ),
  },
  { name: 'compare', label: 'Compare', body: () => <Compare /> },
  { name: 'speed', label: 'Speed', body: () => <Speed /> },
];

const selectHasRollouts = (run: RunState) => run.rounds.length > 0;
const selectHasCuration = (run: RunState) => run.curation !== null;
const selectStudy = (state: LabState) => state.study;

interface Props {
  readonly chosen: PanelName | null;
  readonly onChoose: (panel: PanelName) => void;
}

export function SidePanel({ chosen, onChoose }: Props) {
  const hasRollouts = useRun(selectHasRollouts);
  const hasCuration = useRun(selectHasCuration);
  // At low priority: drawing the next panel must not block the page.
  const followed = useDeferredValue<PanelName>(
    hasRollouts ? 'trajectories' : hasCuration ? 'curation' : 'guide',
  );
  const open = chosen ?? followed;
  const study = useLab(selectStudy);
  const seen = useRef(study);
  useEffect(() => {
    if (study !== null && study !== seen.current) onChoose('compare');
    seen.current = study;
  }, [study, onChoose]);
  return (
    <section className={styles.panel} aria-labelledby="side-title">
      <h2 id="side-title" className="lab-hidden">
        Details
      </h2>
      <Tabs
        value={open}
        onChange={(name) => onChoose((name ?? 'guide') as PanelName)}
        keepMounted={false}
        classNames={{
          root: styles.tabs ?? '',
          list: styles.list ?? '',
          tab: styles.tab ?? '',
          panel: styles.body ?? '',
        }}
      >
        <Tabs.List>
          {panels.map(({ name, label }) => (
            <Tabs.Tab key={name} value={name}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {panels.map(({ name, label, body }) => (
          <Tabs.Panel key={name} value={name} tabIndex={0}>
            <ErrorBoundary what={`The panel “${label}”`}>{body()}</ErrorBoundary>
          </Tabs.Panel>
        ))}
      </Tabs>
    </section>
  );
}
