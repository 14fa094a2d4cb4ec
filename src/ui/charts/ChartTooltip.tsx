/**
 * The tooltip of all charts. recharts hands it the point under the pointer or the keyboard's cursor; the chart says how to label and format
 * its values.
 */
import styles from './chart.module.css';

export interface TooltipLine {
  readonly key: string;
  readonly label: string;
  readonly colour: string;
  readonly format: (value: number) => string;
}

interface Injected {
  readonly active?: boolean;
  readonly label?: string | number;
  readonly payload?: readonly { readonly payload?: Readonly<Record<string, unknown>> }[];
}

interface Props extends Injected {
  readonly lines: readonly TooltipLine[];
  readonly heading: (x: number) => string;
}

export function ChartTooltip({ active, label, payload, lines, heading }: Props) {
  const point = payload?.[0]?.payload;
  if (active !== true || point === undefined) return null;
  const shown = lines.flatMap((line) => {
    const value = point[line.key];
    return typeof value === 'number' ? [{ ...line, value }] : [];
  });
  return (
    <div className={styles.tooltip}>
      <div className={styles.tooltipTitle}>{heading(Number(label))}</div>
      {shown.map((line) => (
        <div key={line.key} className={styles.tooltipRow}>
          <span className={styles.tooltipSwatch} style={{ background: line.colour }} />
          {line.label}
          <b>{line.format(line.value)}</b>
        </div>
      ))}
    </div>
  );
}
