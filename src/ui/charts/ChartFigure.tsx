/**
 * The frame around every chart: name, one-sentence explanation, newest value, legend, and the same numbers as a table.
 *
 * The table takes the chart's place while it is open, so only one of them is drawn.
 */
import { useId, useState, type ReactNode } from 'react';
import { ActionIcon, Popover } from '@mantine/core';
import { ChartLine, Info, Table2 } from 'lucide-react';
import { DataTable, type TableData } from './DataTable.tsx';
import styles from './chart.module.css';

interface Props {
  /** Stable name: the test id is `chart-<id>`. */
  readonly id: string;
  readonly title: string;
  /** What the axes are, where the title does not say. */
  readonly subtitle?: string;
  /** One sentence. */
  readonly help: string;
  /** Newest value, already formatted. */
  readonly value?: string | undefined;
  readonly legend?: ReactNode;
  /** Called only while the table is open. */
  readonly table: () => TableData;
  /** Shows the explanation in the page instead of behind a button. */
  readonly wide?: boolean;
  /** Read to screen readers in place of the drawing. */
  readonly summary: string;
  readonly children: ReactNode;
}

export function ChartFigure({
  id,
  title,
  subtitle,
  help,
  value,
  legend,
  table,
  wide,
  summary,
  children,
}: Props) {
  const [asTable, setAsTable] = useState(false);
  const titleId = useId();
  const helpId = useId();
  return (
    <figure
      className={wide === true ? styles.wideFigure : styles.figure}
      aria-labelledby={titleId}
      aria-describedby={helpId}
      data-testid={`chart-${id}`}
    >
      <figcaption className={styles.caption}>
        <h3 className={styles.title} id={titleId}>
          {title}
        </h3>
        {subtitle === undefined ? null : <span className={styles.subtitle}>{subtitle}</span>}
        {value === undefined ? null : <span className={styles.value}>{value}</span>}
        <span className={styles.space} />
        {wide === true ? legend : null}
        <Popover width={260} position="top" withArrow shadow="md">
          <Popover.Target>
            <ActionIcon variant="subtle" color="gray" size={24} aria-label={`What ${title} means`}>
              <Info size={14} aria-hidden />
            </ActionIcon>
          </Popover.Target>
          <Popover.Dropdown className={styles.help}>{help}</Popover.Dropdown>
        </Popover>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={24}
          aria-label={asTable ? `Show ${title} as a chart` : `Show ${title} as a table`}
          aria-pressed={asTable}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? <ChartLine size={14} aria-hidden /> : <Table2 size={14} aria-hidden />}
        </ActionIcon>
      </figcaption>
      <p className={styles.hidden} id={helpId}>
        {help} {summary}
      </p>
      {wide === true ? null : legend}
      <div className={styles.plot}>{asTable ? <DataTable caption={title} data={table()} /> : children}</div>
    </figure>
  );
}

/** The lines of a chart by name, each with its colour and its dash or marker. */
export function Legend({ entries }: { entries: readonly LegendEntry[] }) {
  return (
    <ul className={styles.legend} aria-hidden="true">
      {entries.map((entry) => (
        <li key={entry.label} className={styles.legendEntry}>
          <svg width="16" height="8" viewBox="0 0 16 8" className={styles.swatch}>
            {entry.mark === 'area' ? (
              <rect width="16" height="8" rx="2" fill={entry.colour} />
            ) : entry.mark === 'line' ? (
              <line
                x1="0"
                x2="16"
                y1="4"
                y2="4"
                stroke={entry.colour}
                strokeWidth="2"
                strokeDasharray={entry.dash}
              />
            ) : (
              <path d={markerPath(entry.mark, 8, 4, 4)} fill={entry.colour} />
            )}
          </svg>
          {entry.label}
        </li>
      ))}
    </ul>
  );
}

export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
  readonly mark: 'line' | 'area' | Marker;
  readonly dash?: string | undefined;
}

export type Marker = 'circle' | 'square' | 'triangle';

/** An SVG path for a marker of radius `r` around (x, y). */
export function markerPath(marker: Marker, x: number, y: number, r: number): string {
  switch (marker) {
    case 'circle':
      return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
    case 'square':
      return `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`;
    case 'triangle':
      return `M${x} ${y - r}l${r} ${2 * r}h${-2 * r}z`;
  }
}
