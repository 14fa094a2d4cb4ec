/**
 * The strip of small charts, loaded apart: recharts is the largest part of the page, and the page opens without it.
 */
import { lazy, Suspense } from 'react';
import styles from './smallCharts.module.css';

const SmallCharts = lazy(async () => ({ default: (await import('./SmallCharts.tsx')).SmallCharts }));

export function SmallChartStrip() {
  return (
    <Suspense fallback={<div className={styles.strip} aria-hidden="true" />}>
      <SmallCharts />
    </Suspense>
  );
}
