/**
 * What a speed test found: speeds with ratio bars, what a step costs in JavaScript and in commands to the GPU, the adapter's own rates, and
 * the targets.
 *
 * All bars share one logarithmic scale, from 1 (equally fast) to the largest ratio of the report, so they can be compared with each other.
 */
import type { BenchReport, EngineCell, Quantiles, Target, TimedCell } from '../../lab/speedTest.ts';
import { formatCount, formatNumber, formatShare, missing, plural } from '../app/format.ts';
import styles from './speed.module.css';

const workLabels = { sft: 'SFT step', grpo: 'GRPO step', rollout: 'Rollouts' } as const;

export function SpeedReport({ report }: { readonly report: BenchReport }) {
  const presets = [...new Set(report.cells.map(({ preset }) => preset))];
  const largest = Math.max(2, ...report.cells.map(({ ratio }) => ratio?.median ?? 1));
  return (
    <div className={styles.report} data-testid="speed-report" data-complete={report.complete}>
      {report.software ? (
        <p className={styles.warning}>
          This adapter is software: a processor that imitates a GPU. These numbers say nothing about a
          graphics card.
        </p>
      ) : null}
      {presets.map((preset) => {
        const cells = report.cells.filter((cell) => cell.preset === preset);
        return (
          <section key={preset}>
            <h3 className={styles.heading}>
              {preset}
              <span>{formatCount(report.parameters[preset])} parameters</span>
            </h3>
            <SpeedTable preset={preset} cells={cells} largest={largest} />
            <details className={styles.details}>
              <summary>What a step costs</summary>
              <CallTable preset={preset} cells={cells} />
            </details>
          </section>
        );
      })}
      <Targets targets={report.targets} />
      <Facts report={report} />
    </div>
  );
}

interface TableProps {
  readonly preset: string;
  readonly cells: readonly TimedCell[];
}

function SpeedTable({ preset, cells, largest }: TableProps & { readonly largest: number }) {
  return (
    <table className={styles.table}>
      <caption className="lab-hidden">Tokens per second of {preset}</caption>
      <thead>
        <tr>
          <th scope="col">tokens/s</th>
          <th scope="col">wgsl</th>
          <th scope="col">tfjs</th>
          <th scope="col">ratio</th>
        </tr>
      </thead>
      <tbody>
        {cells.map((cell) => (
          <tr
            key={cell.work}
            data-testid={`speed-${preset}-${cell.work}`}
            data-ratio={cell.ratio?.median ?? ''}
          >
            <th scope="row">
              {workLabels[cell.work]}
              <small>
                {formatNumber(cell.sequences)} seq., {plural(cell.tokens, 'token')}
                {cell.reduced ? ' *' : ''}
              </small>
            </th>
            <SpreadCell spread={cell.wgsl.tokensPerSecond} />
            <SpreadCell spread={cell.tfjs?.tokensPerSecond} />
            <td className={styles.ratio}>
              {cell.ratio === null ? (
                missing
              ) : (
                <>
                  <b>{times(cell.ratio.median)}</b>
                  <Bar ratio={cell.ratio} largest={largest} />
                  <small>
                    {cell.ratio.samples === 1
                      ? 'one pair'
                      : `${formatNumber(cell.ratio.low)}–${times(cell.ratio.high)}`}
                  </small>
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function SpreadCell({ spread }: { readonly spread: Quantiles | undefined }) {
  if (spread === undefined) return <td>{missing}</td>;
  return (
    <td title={plural(spread.samples, 'sample')}>
      {formatNumber(spread.median)}
      <small>
        {spread.samples === 1 ? 'one sample' : `${formatNumber(spread.low)}–${formatNumber(spread.high)}`}
      </small>
    </td>
  );
}

function Bar({ ratio, largest }: { readonly ratio: Quantiles; readonly largest: number }) {
  const place = (value: number) => (100 * Math.log(Math.max(1, value))) / Math.log(largest);
  return (
    <span className={styles.bar} aria-hidden data-slower={ratio.median < 1}>
      <i style={{ width: `${Math.min(100, place(ratio.median))}%` }} />
    </span>
  );
}

function CallTable({ preset, cells }: TableProps) {
  const rows = cells.flatMap((cell) =>
    (['wgsl', 'tfjs'] as const).flatMap((name) => {
      const engine = cell[name];
      return engine === null ? [] : [{ cell, name, engine }];
    }),
  );
  return (
    <>
      <table className={styles.table}>
        <caption className="lab-hidden">What a step of {preset} costs</caption>
        <thead>
          <tr>
            <th scope="col">a step</th>
            <th scope="col" title="JavaScript, until the worker is first free for other work">
              JS ms
            </th>
            <th scope="col">dispatches</th>
            <th scope="col">submits</th>
            <th scope="col" title="Bytes read back">
              bytes
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ cell, name, engine }) => (
            <CallRow key={`${cell.work}-${name}`} cell={cell} name={name} engine={engine} />
          ))}
        </tbody>
      </table>
      <p className={styles.note}>
        For rollouts: one decoding step of the whole batch, on average. JavaScript: until the worker is first
        free for other work.
      </p>
    </>
  );
}

interface CallRowProps {
  readonly cell: TimedCell;
  readonly name: string;
  readonly engine: EngineCell;
}

function CallRow({ cell, name, engine: { counts, jsMilliseconds } }: CallRowProps) {
  const per = cell.steps ?? 1;
  return (
    <tr>
      <th scope="row">
        {workLabels[cell.work]}, {name}
      </th>
      <td>{formatNumber(jsMilliseconds?.median)}</td>
      <td>{formatNumber(counts.dispatches / per)}</td>
      <td>{formatNumber(counts.submits / per)}</td>
      <td>{formatCount(counts.bytesReadBack / per)}</td>
    </tr>
  );
}

function Targets({ targets }: { readonly targets: readonly Target[] }) {
  if (targets.length === 0) return null;
  return (
    <ul className={styles.targets} aria-label="Targets">
      {targets.map(({ text, measured, unit, reached }) => (
        <li key={text} data-reached={reached}>
          <b>{reached ? 'Reached' : 'Missed'}</b> {text}:{' '}
          {unit === 'share' ? formatShare(measured) : times(measured)}
        </li>
      ))}
    </ul>
  );
}

function Facts({ report: { adapter, matmul, copy, cells, notes, date } }: { readonly report: BenchReport }) {
  const shares = cells.flatMap(({ preset, work, wgslShares }) =>
    wgslShares.matmul === null ? [] : [`${preset} ${workLabels[work]} ${formatShare(wgslShares.matmul)}`],
  );
  return (
    <div className={styles.facts}>
      <p>
        {adapter}, {date.slice(0, 16).replace('T', ' ')} UTC. It multiplies matrices at{' '}
        {formatNumber(matmul.perSecond.median / 1e9)} GFLOP/s and copies{' '}
        {formatNumber(copy.perSecond.median / 1e9)} GB/s (read and written), by the best of{' '}
        {matmul.tried.length + copy.tried.length} kernels.
        {shares.length === 0 ? '' : ` Of that matmul rate, wgsl’s training reaches: ${shares.join(', ')}.`}
      </p>
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
    </div>
  );
}

function times(ratio: number): string {
  return `${formatNumber(ratio)}×`;
}
