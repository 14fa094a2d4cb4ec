/**
 * The left of the page: tiles, the density chart that dominates, the collapse rule in words, and the heat map under it.
 *
 * The chart and the map share one x axis (`charts/plot.ts`). Before the first run the axes and the planned phases are already there, with
 * the welcome over them; the collapse zone is there once the run has a reference to measure it from.
 */
import { useMediaQuery } from '@mantine/hooks';
import type { RunState } from '../../lab/state.ts';
import { useRun } from '../app/lab.tsx';
import { ChartToolbar } from '../charts/ChartToolbar.tsx';
import { DensityFigure } from '../charts/DensityFigure.tsx';
import { SpreadFigure } from '../charts/SpreadFigure.tsx';
import { BootProgress } from './BootProgress.tsx';
import { CollapseRule } from './CollapseRule.tsx';
import { RewardSentence } from './RewardSentence.tsx';
import { Tiles } from './Tiles.tsx';
import { Welcome } from './Welcome.tsx';
import styles from './overview.module.css';

const selectFresh = (run: RunState) => run.status === 'idle' && run.series.rounds.length === 0;

export function Overview() {
  const fresh = useRun(selectFresh);
  const narrow = useMediaQuery('(max-width: 699px)') ?? false;
  return (
    <section className={styles.overview} aria-labelledby="overview-title">
      <h2 id="overview-title" className="lab-hidden">
        Interaction density
      </h2>
      <Tiles />
      <ChartToolbar />
      <div className={styles.stage}>
        {fresh ? <Welcome /> : null}
        <div className={styles.chart}>
          <BootProgress />
          <DensityFigure narrow={narrow} />
        </div>
        <CollapseRule />
        <RewardSentence />
        <div className={styles.map}>
          <SpreadFigure narrow={narrow} />
        </div>
      </div>
    </section>
  );
}
