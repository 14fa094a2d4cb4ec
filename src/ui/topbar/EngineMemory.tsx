/**
 * How much graphics memory the engine has planned: the sum, and its parts.
 */
import type { EngineView } from '../../record/recordedRun.ts';
import styles from './engineBadge.module.css';

/** Bytes as megabytes with one decimal, or none above a hundred. */
export function formatMegabytes(bytes: number): string {
  const megabytes = bytes / 2 ** 20;
  return `${megabytes.toLocaleString('en-GB', { maximumFractionDigits: megabytes < 100 ? 1 : 0 })} MB`;
}

/** A term and its description, for the badge's list of facts. */
export function EngineMemory({ parts }: { parts: NonNullable<EngineView['memory']> }) {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <>
      <dt>Memory</dt>
      <dd data-testid="engine-memory">
        {formatMegabytes(total)} planned on the GPU
        <ul className={styles.memory}>
          {parts.map(({ name, bytes }) => (
            <li key={name}>
              <span>{name}</span>
              <span className={styles.bytes}>{formatMegabytes(bytes)}</span>
            </li>
          ))}
        </ul>
      </dd>
    </>
  );
}
