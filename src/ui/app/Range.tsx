/**
 * A slider of the page: the browser's own, with its keys and its name for screen readers, drawn in the page's colours in every scheme.
 */
import type { ComponentPropsWithoutRef } from 'react';
import styles from './range.module.css';

interface Props extends Omit<ComponentPropsWithoutRef<'input'>, 'type'> {
  readonly min: number;
  readonly max: number;
  readonly value: number;
}

export function Range({ className, ...input }: Props) {
  const { min, max, value } = input;
  const share = max > min ? (value - min) / (max - min) : 0;
  return (
    <input
      {...input}
      type="range"
      className={`${styles.range ?? ''} ${className ?? ''}`}
      style={{ '--share': share } as React.CSSProperties}
    />
  );
}
