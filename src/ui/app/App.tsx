/**
 * The page: providers, the frame, and which panel is open. Everything else reads the store for itself.
 *
 * Nothing here redraws with the run but the attributes of one element, which say its status, phase and round.
 */
import { useCallback, useState, type ReactNode } from 'react';
import { MantineProvider } from '@mantine/core';
import './fonts.css';
import './mantine.css';
import './tokens.css';
import type { LabStore, RunState } from '../../lab/state.ts';
import { SmallCharts } from '../charts/SmallCharts.tsx';
import { Overview } from '../overview/Overview.tsx';
import { HelpDialog } from '../guide/HelpDialog.tsx';
import { Notices } from '../notices/Notices.tsx';
import { PhaseRibbon } from '../topbar/PhaseRibbon.tsx';
import { ReplayBar } from '../overview/ReplayBar.tsx';
import { ShownLine } from '../runs/ShownLine.tsx';
import { SidePanel, type PanelName } from '../side/SidePanel.tsx';
import { TopBar } from '../topbar/TopBar.tsx';
import { ErrorBoundary } from './ErrorBoundary.tsx';
import { LabProvider, useRun } from './lab.tsx';
import { useShortcuts } from './shortcuts.ts';
import { cssVariables, theme } from './theme.ts';
import styles from './app.module.css';

export function App({ store }: { store: LabStore }) {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <ErrorBoundary what="The page">
        <LabProvider store={store}>
          <Page />
        </LabProvider>
      </ErrorBoundary>
    </MantineProvider>
  );
}

const selectStatus = (run: RunState) => run.status;
const selectPhase = (run: RunState) => run.phases.findLast(({ status }) => status !== 'waiting')?.name ?? '';
const selectRound = (run: RunState) => run.series.rounds.at(-1)?.x ?? '';
const selectSource = (run: RunState) => run.source.kind;

/** The page's root element: its attributes say how the run stands. What is inside does not redraw with it. */
function Root({ children }: { children: ReactNode }) {
  return (
    <div
      className={styles.page}
      data-testid="lab"
      data-status={useRun(selectStatus)}
      data-phase={useRun(selectPhase)}
      data-round={useRun(selectRound)}
      data-source={useRun(selectSource)}
    >
      {children}
    </div>
  );
}

function Page() {
  const [help, setHelp] = useState(false);
  const [panel, setPanel] = useState<PanelName | null>(null);
  const showHelp = useCallback(() => setHelp(true), []);
  useShortcuts(showHelp);
  return (
    <Root>
      <TopBar onHelp={showHelp} />
      <PhaseRibbon />
      <main className={styles.main}>
        <ShownLine />
        <ReplayBar />
        <Notices onShowSettings={() => setPanel('settings')} />
        <div className={styles.grid}>
          <ErrorBoundary what="The density chart">
            <Overview />
          </ErrorBoundary>
          <SidePanel chosen={panel} onChoose={setPanel} />
          <ErrorBoundary what="The small charts">
            <SmallCharts />
          </ErrorBoundary>
        </div>
      </main>
      <HelpDialog opened={help} onClose={() => setHelp(false)} />
    </Root>
  );
}
