/**
 * What holds for all charts: x, smoothing, zoom. Which line is which stands at the lines' ends in the density chart.
 *
 * A choice that would do nothing is disabled and says why.
 */
import { Range } from '../app/Range.tsx';
import { chartRuns, sameRoundRuns } from './chartRuns.ts';
import { chartView, useChartView, type ChartView } from './chartView.ts';
import { roundMap } from './plotModel.ts';
import { useInTurn } from './turns.ts';
import { xKinds, xTexts, type XKind } from './xAxis.ts';
import styles from './toolbar.module.css';

const turn = { select: chartRuns, pace: 1000, same: sameRoundRuns };
const selectAll = (view: ChartView) => view;

export function ChartToolbar() {
  const runs = useInTurn(turn);
  const { xKind, smoothing, zoom } = useChartView(selectAll);
  const zoomed = Object.keys(zoom).length > 0;
  const known = (kind: XKind) => runs.some((run) => roundMap(run, kind) !== null);
  const whyNot: Record<XKind, string> = {
    round: '',
    tokens: 'No round has been measured yet.',
    seconds: 'Known only for runs made in this page: files keep no clock.',
  };
  return (
    <div className={styles.toolbar} role="group" aria-label="All charts">
      <span className={styles.group} role="group" aria-label="x axis">
        {xKinds.map((kind) => {
          const can = kind === xKind || known(kind);
          return (
            <button
              key={kind}
              type="button"
              className={styles.choice}
              aria-pressed={xKind === kind}
              aria-disabled={!can}
              title={can ? xTexts[kind].help : whyNot[kind]}
              onClick={() => {
                if (can) chartView.setX(kind);
              }}
            >
              {xTexts[kind].label}
              {can ? null : <span className="lab-hidden"> ({whyNot[kind]})</span>}
            </button>
          );
        })}
      </span>
      <label className={styles.smoothing} title="A moving average; what was measured stays as a faint line.">
        Smoothing
        <Range
          min={0}
          max={0.95}
          step={0.05}
          value={smoothing}
          aria-valuetext={smoothing === 0 ? 'off' : smoothing.toFixed(2)}
          onChange={(event) => chartView.setSmoothing(Number(event.target.value))}
        />
        <output className={styles.amount}>{smoothing === 0 ? 'off' : smoothing.toFixed(2)}</output>
      </label>
      <button
        type="button"
        className={styles.choice}
        aria-disabled={!zoomed}
        title={
          zoomed
            ? 'Show everything again (key 0)'
            : 'Not zoomed: drag across a chart, or press + in one, to zoom.'
        }
        onClick={() => chartView.resetZoom()}
      >
        Reset zoom
      </button>
    </div>
  );
}
