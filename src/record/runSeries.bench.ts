/** What the charts' rows of a long run cost the page's thread. `npm run bench:unit`. */
import { bench } from 'vitest';
import { RunSeries } from './runSeries.ts';

bench('50,000 rows of the cold start, shown every 500', () => {
  const series = new RunSeries();
  for (let step = 1; step <= 50_000; step++) {
    series.add({ type: 'sft', step, values: { 'train/loss': 1 / step, 'train/lr': step } });
    if (step % 500 === 0) series.view();
  }
});
