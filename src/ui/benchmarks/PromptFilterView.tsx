/**
 * What the filter between the stages found: how often prompts were solved, and which were dropped.
 */
import type { PromptFilterReport } from '../../record/runView.ts';
import { formatNumber, plural } from '../app/format.ts';
import styles from './benchmarks.module.css';

export function PromptFilterView({ report }: { report: PromptFilterReport }) {
  const { prompts, visited, dropped, solvedHistogram } = report;
  const most = Math.max(1, ...solvedHistogram);
  const groupSize = solvedHistogram.length - 1;
  return (
    <section data-testid="prompt-filter" data-dropped={dropped}>
      <h3 className={styles.heading}>
        Always-solved filter<span>between the stages</span>
      </h3>
      <p className={styles.note}>
        Of {plural(prompts, 'prompt')}, stage 1 visited {formatNumber(visited)}; {formatNumber(dropped)} whose
        samples were all right teach nothing more and were dropped. {stage2Sentence(report)}
      </p>
      <div className={styles.solved} role="img" aria-label={solvedSentence(solvedHistogram)}>
        {solvedHistogram.map((count, right) => (
          <div key={right} className={styles.solvedColumn} data-dropped={right === groupSize}>
            <span>{count > 0 ? formatNumber(count) : ''}</span>
            <i style={{ height: `${(48 * count) / most}px` }} />
            <span>{right}</span>
          </div>
        ))}
      </div>
      <p className={styles.axis}>right samples of {groupSize}, at the last visit</p>
    </section>
  );
}

/** What stage 2's prompts are; files from before the mix was a setting tell only the longer ones. */
function stage2Sentence({ prompts, dropped, added, otherLength, spare, filled }: PromptFilterReport): string {
  const longer = plural(added, 'longer prompt');
  if (otherLength === undefined || spare === undefined || filled === undefined)
    return `In stage 2 ${longer} joined.`;
  const again = prompts - dropped - otherLength - spare;
  const fresh = filled === 0 ? '' : `, ${formatNumber(filled)} fresh ones of the same lengths`;
  return `Stage 2 takes ${formatNumber(again)} of the others${fresh} and ${longer}.`;
}

function solvedSentence(histogram: readonly number[]): string {
  return `Visited prompts by right samples: ${histogram.map((count, right) => `${right} right, ${plural(count, 'prompt')}`).join('; ')}.`;
}
