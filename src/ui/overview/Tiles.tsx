/**
 * The run's newest numbers, large. The first is the one the lab is about; what is a sample says how large it was.
 *
 * Invariant (page.test.tsx): a tile's `data-value` is the number itself, empty while there is none, so that a test need not read formatted
 * text.
 */
import { memo } from 'react';
import { Tooltip } from '@mantine/core';
import type { BenchmarkResult, CollapseView } from '../../record/runView.ts';
import type { RunState } from '../../lab/state.ts';
import { metricDefinition, type MetricName } from '../../metrics/registry.ts';
import { formatDelta, formatMetric, formatNumber, formatPoints } from '../app/format.ts';
import { useRun } from '../app/lab.tsx';
import styles from './tiles.module.css';

interface TileDefinition {
  readonly id: string;
  readonly metric: MetricName;
  readonly label: string;
}

const density: TileDefinition = {
  id: 'calls',
  metric: 'tool_use/avg_tool_calls_per_trajectory',
  label: 'Tool calls per trajectory',
};
const perStep: TileDefinition = {
  id: 'per-step',
  metric: 'tool_use/calls_per_required_step',
  label: 'Calls per step',
};
const reward: TileDefinition = { id: 'reward', metric: 'critic/score/mean', label: 'Train reward' };
const others: readonly TileDefinition[] = [
  { id: 'entropy', metric: 'actor/entropy', label: 'Entropy' },
  { id: 'truncated', metric: 'response_length/clip_ratio', label: 'Truncated' },
];

const selectLatest = (run: RunState) => run.series.latest;
const selectNewestSize = (run: RunState) => newestSize(run.series.histograms);
const selectCollapse = (run: RunState) => run.collapse;
const selectBenchmarks = (run: RunState) => run.benchmarks;
const selectSampling = (run: RunState) => run.settings.evaluation;

/** Trajectories of the newest round; null where several rounds are drawn as one column. */
function newestSize(histograms: RunState['series']['histograms']): number | null {
  const newest = histograms.at(-1);
  if (newest === undefined || newest.round !== newest.through) return null;
  return newest.counts.reduce((sum, count) => sum + count, 0);
}

export function Tiles() {
  const latest = useRun(selectLatest);
  const size = useRun(selectNewestSize);
  const collapse = useRun(selectCollapse);
  const held = heldOut(useRun(selectBenchmarks), useRun(selectSampling).temperature);
  const of = (tile: TileDefinition) => ({
    ...tile,
    ...metricDefinition(tile.metric),
    value: latest[tile.metric],
  });
  const n = size === null ? undefined : `n ${formatNumber(size)}`;
  return (
    <dl className={styles.tiles}>
      <Tile
        {...of(density)}
        label={density.label}
        note={densityNote(latest[density.metric], collapse)}
        alarm={collapse.alarm !== null}
        large
      />
      <Tile {...of(perStep)} label={perStep.label} />
      <Tile {...of(reward)} label={reward.label} note={latest[reward.metric] === undefined ? undefined : n} />
      <Tile
        id="accuracy"
        label={held?.phase === 'baseline' ? 'Held-out, before' : 'Held-out'}
        unit="share"
        help="Share right on held-out problems of the training range under the long budget, with its standard error: mean@k, clustered by problem, before reinforcement learning and, at the end, after it."
        value={held?.meanAtK}
        note={held === null ? undefined : heldOutNote(held)}
      />
      {others.map((tile) => (
        <Tile key={tile.id} {...of(tile)} label={tile.label} />
      ))}
    </dl>
  );
}

/** The newest held-out accuracy of the training range at the settings' temperature. */
function heldOut(results: readonly BenchmarkResult[], temperature: number): BenchmarkResult | null {
  const found = results.findLast(
    (one) =>
      one.benchmark === 'inRange' &&
      one.budget === 'long' &&
      (one.temperature ?? temperature) === temperature,
  );
  return found ?? null;
}

function heldOutNote({ standardError, problems }: BenchmarkResult): string {
  // The shares above say that it is points.
  const error = standardError === undefined ? '' : `± ${formatPoints(standardError).replace(/ pts?$/, '')}, `;
  return `${error}n ${problems}`;
}

interface TileProps {
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  readonly help: string;
  readonly value: number | undefined;
  readonly note?: string | undefined;
  readonly alarm?: boolean;
  readonly large?: boolean;
}

const Tile = memo(function Tile({
  id,
  label,
  unit,
  help,
  value,
  note,
  alarm = false,
  large = false,
}: TileProps) {
  return (
    <Tooltip label={help} multiline w={240} withArrow openDelay={400} position="bottom">
      <div
        className={large ? styles.largeTile : styles.tile}
        data-testid={`tile-${id}`}
        data-value={value ?? ''}
        data-alarm={alarm}
      >
        <dt className={styles.label}>{label}</dt>
        <dd className={styles.number}>
          {formatMetric(value, unit)}
          <span className={styles.note}>{note}</span>
        </dd>
      </div>
    </Tooltip>
  );
});

function densityNote(value: number | undefined, { reference }: CollapseView): string | undefined {
  if (value === undefined) return 'none so far';
  if (reference === null) return 'calls';
  return `${formatDelta(value - reference.density, formatNumber)} since cold start`;
}
