/**
 * A panel that has nothing to show yet: what will stand there, and what to do for it.
 */
import type { ReactNode } from 'react';
import styles from './empty.module.css';

export function Empty({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className={styles.empty}>
      <h3>{title}</h3>
      <p>{children}</p>
    </div>
  );
}
