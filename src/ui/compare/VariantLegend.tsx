/**
 * The legend of the comparison, which also switches its lines on and off.
 */
import type { RunStyle } from '../app/runStyle.ts';
import { RunSwatch } from '../app/RunSwatch.tsx';
import styles from './compare.module.css';

export interface LegendItem {
  readonly name: string;
  readonly title: string;
  readonly style: RunStyle;
  readonly shown: boolean;
}

interface Props {
  readonly items: readonly LegendItem[];
  readonly onToggle: (name: string) => void;
}

export function VariantLegend({ items, onToggle }: Props) {
  return (
    <div className={styles.legend} role="group" aria-label="Lines shown">
      {items.map(({ name, title, style, shown }) => (
        <button
          key={name}
          type="button"
          className={styles.toggle}
          aria-pressed={shown}
          onClick={() => onToggle(name)}
        >
          <RunSwatch style={style} />
          {title}
        </button>
      ))}
    </div>
  );
}
