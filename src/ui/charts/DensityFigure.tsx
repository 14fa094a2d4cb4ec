/**
 * The chart the lab is about: tool calls per trajectory of every run shown, with the zone, the phases and the spread of the one in focus.
 */
import { lazy, Suspense, useCallback, useMemo } from 'react';
import { formatNumber } from '../app/format.ts';
import { chartRuns, leading, sameRoundRuns, type ChartRun } from './chartRuns.ts';
import { useChartView, type ChartView } from './chartView.ts';
import { densityDefinition } from './definitions.ts';
import { LineFigure, type Extras } from './LineFigure.tsx';
import type { Band } from './LinesChart.tsx';
import { nearest } from './lines.ts';
import { wideFrame } from './plot.ts';
import { roundMap, type Plot } from './plotModel.ts';
import { phaseAt, phaseSpans, phaseStarts, zoneTopOf } from './roundAxis.ts';
import { useInTurn } from './turns.ts';
import surface from './surface.module.css';

/** With recharts, which is loaded after the page has opened. */
const DensityGround = lazy(async () => ({ default: (await import('./densityGround.tsx')).DensityGround }));

const turn = { select: chartRuns, pace: 250, same: sameRoundRuns };
const selectKind = (view: ChartView) => view.xKind;
const subtitles = {
  round: 'tool calls per trajectory, by rollout round',
  tokens: 'tool calls per trajectory, by tokens',
  seconds: 'tool calls per trajectory, by seconds of work',
} as const;

export function DensityFigure({ narrow }: { narrow: boolean }) {
  const runs = useInTurn(turn);
  const kind = useChartView(selectKind);
  const focus = leading(runs);
  const { collapse } = focus.view;
  const zoneTop = zoneTopOf(collapse);
  const empty = runs.every(({ view }) => view.series.rounds.length === 0);
  const leastTop = Math.max(highestBand(focus), empty ? 4 : Math.max(2, (zoneTop ?? 0) * 1.5));
  const named = runs.length > 1;
  const wide = useMemo(
    () => ({ frame: { ...wideFrame(named, narrow), top: 22 }, ticks: narrow ? 4 : 8, leastTop }),
    [named, narrow, leastTop],
  );
  const extras = useCallback(
    (plot: Plot): Extras => {
      const toX = roundMap(focus, kind);
      const { settings, series } = focus.view;
      const spans = phaseSpans(settings, phaseStarts(focus.view), series.rounds.at(-1)?.x ?? 0);
      const spread = spreadOf(focus);
      const band: Band = {
        colour: focus.style.colour,
        points: toX === null ? [] : spread.map(({ x, band }) => ({ x: toX(x), band })),
      };
      return {
        bands: [band],
        behind: (
          <Suspense fallback={null}>
            <DensityGround
              // A plan is in rounds; in tokens and seconds it has no place.
              spans={kind === 'round' ? spans : spans.filter(({ begun }) => begun)}
              collapse={collapse}
              zoneTop={zoneTop}
              top={plot.y.domain[1]}
              domain={plot.x.domain}
              toX={toX}
              colour={focus.style.colour}
            />
          </Suspense>
        ),
        tell: (x) => {
          const there = nearest(band.points, x)?.band;
          const phase = kind === 'round' ? phaseAt(spans, x)?.label : undefined;
          return (
            <>
              {there === undefined ? null : (
                <div className={surface.tipRow}>
                  middle half{runs.length > 1 ? `, ${focus.name}` : ''}
                  <b>
                    {formatNumber(there[0])} to {formatNumber(there[1])}
                  </b>
                </div>
              )}
              {phase === undefined ? null : <div className={surface.tipRow}>{phase}</div>}
            </>
          );
        },
      };
    },
    [focus, kind, collapse, zoneTop, runs.length],
  );
  return (
    <LineFigure
      chart={densityDefinition}
      runs={runs}
      subtitle={subtitles[kind]}
      wide={wide}
      extras={extras}
    />
  );
}

/** The middle half of each round's trajectories. */
function spreadOf({ view }: ChartRun) {
  return view.series.rounds.flatMap((point) => {
    const [p25, p75] = [point['tool_use/p25'], point['tool_use/p75']];
    return p25 === undefined || p75 === undefined ? [] : [{ x: point.x, band: [p25, p75] as const }];
  });
}

const highestBand = (run: ChartRun) => spreadOf(run).reduce((high, { band }) => Math.max(high, band[1]), 0);
