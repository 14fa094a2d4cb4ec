/**
 * The pool's histogram of tool calls: whole pool behind, curated set in front, coloured and named by bin.
 *
 * The bars are plain elements: there are about a dozen, drawn once a run. A hidden table holds the same numbers for screen readers.
 */
import type { CurationReport } from '../../curation/curate.ts';
import { densityBin, type BinSettings } from '../../curation/density.ts';
import { formatNumber } from '../app/format.ts';
import styles from './densityBars.module.css';

interface Props {
  readonly report: CurationReport;
  readonly bins: BinSettings;
}

export function DensityBars({ report, bins }: Props) {
  const { poolHistogram, keptHistogram } = report;
  const most = Math.max(1, ...poolHistogram);
  const columns = poolHistogram.map((pool, calls) => ({
    calls,
    pool,
    kept: keptHistogram[calls] ?? 0,
    bin: densityBin(calls, bins) ?? 'none',
  }));
  return (
    <figure className={styles.figure} aria-labelledby="pool-title" data-testid="chart-pool">
      <figcaption className={styles.caption}>
        <h3 id="pool-title">The pool by tool calls</h3>
        <span className={styles.key}>
          <i data-part="pool" /> pool
        </span>
        <span className={styles.key}>
          <i data-part="kept" /> curated
        </span>
      </figcaption>
      <div className={styles.bars} aria-hidden="true">
        {columns.map(({ calls, pool, kept, bin }) => (
          <div key={calls} className={styles.column} data-bin={bin}>
            <span className={styles.count}>{pool > 0 ? formatNumber(pool) : ''}</span>
            <span className={styles.pool} style={{ height: `${(62 * pool) / most}px` }}>
              <span className={styles.kept} style={{ height: `${pool > 0 ? (100 * kept) / pool : 0}%` }} />
            </span>
            <span className={styles.calls}>{calls}</span>
          </div>
        ))}
      </div>
      <BinRow columns={columns.map(({ bin }) => bin)} />
      <table className="lab-hidden">
        <caption>Trajectories by number of tool calls</caption>
        <thead>
          <tr>
            <th scope="col">Calls</th>
            <th scope="col">Bin</th>
            <th scope="col">Pool</th>
            <th scope="col">Curated</th>
          </tr>
        </thead>
        <tbody>
          {columns.map(({ calls, pool, kept, bin }) => (
            <tr key={calls}>
              <th scope="row">{calls}</th>
              <td>{bin}</td>
              <td>{pool}</td>
              <td>{kept}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

/** The bins' names under their columns. */
function BinRow({ columns }: { columns: readonly string[] }) {
  const runs: { bin: string; length: number }[] = [];
  for (const bin of columns) {
    const last = runs.at(-1);
    if (last?.bin === bin) last.length++;
    else runs.push({ bin, length: 1 });
  }
  return (
    <div className={styles.bins} aria-hidden="true">
      {runs.map(({ bin, length }, index) => (
        <span key={index} data-bin={bin} style={{ flexGrow: length }}>
          {bin === 'none' ? 'no call' : bin}
        </span>
      ))}
    </div>
  );
}
