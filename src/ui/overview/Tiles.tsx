/**
 * The run's newest numbers, large. The first is the one the lab is about.
 *
 * Invariant (page.test.tsx): a tile's `data-value` is the number itself, empty while there is none, so that a test need not read formatted
 * text.
 */
import { memo } from 'react';
import { Tooltip } from '@mantine/core';
import type { CollapseView } from '../../record/runView.ts';
import type { RunState } from '../../lab/state.ts';
import { metricDefinition, type MetricName } from '../../metrics/registry.ts';
import { formatDelta, formatMetric, formatNumber } from '../app/format.ts';
import { useRun } from '../app/lab.tsx';
import styles from './tiles.module.css';

const tiles: readonly { readonly id: string; readonly metric: MetricName; readonly label: string }[] = [
  { id: 'calls', metric: 'tool_use/avg_tool_calls_per_trajectory', label: 'Tool calls per trajectory' },
  { id: 'reward', metric: 'critic/score/mean', label: 'Train reward' },
  { id: 'tool-use', metric: 'tool_use/tool_use_ratio', label: 'Tool used at all' },
  { id: 'post-hoc', metric: 'tool_use/post_hoc_ratio', label: 'Post-hoc calls' },
  { id: 'entropy', metric: 'actor/entropy', label: 'Entropy' },
  { id: 'truncated', metric: 'response_length/clip_ratio', label: 'Truncated' },
];

const selectLatest = (run: RunState) => run.series.latest;
const selectCollapse = (run: RunState) => run.collapse;

export function Tiles() {
  const latest = useRun(selectLatest);
  const collapse = useRun(selectCollapse);
  return (
    <dl className={styles.tiles}>
      {tiles.map(({ id, metric, label }) => (
        <Tile
          key={id}
          id={id}
          label={label}
          metric={metric}
          value={latest[metric]}
          note={id === 'calls' ? densityNote(latest[metric], collapse) : undefined}
          alarm={id === 'calls' && collapse.alarm !== null}
          large={id === 'calls'}
        />
      ))}
    </dl>
  );
}

interface TileProps {
  readonly id: string;
  readonly label: string;
  readonly metric: MetricName;
  readonly value: number | undefined;
  readonly note: string | undefined;
  readonly alarm: boolean;
  readonly large: boolean;
}

const Tile = memo(function Tile({ id, label, metric, value, note, alarm, large }: TileProps) {
  const { unit, help } = metricDefinition(metric);
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
          {note === undefined ? null : <span className={styles.note}>{note}</span>}
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
