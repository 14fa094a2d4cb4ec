/**
 * One trajectory as text: prompt, thoughts, calls, what Python really answered, the answer. Without styles, or through a screen reader, it
 * reads as a transcript.
 *
 * Invariants (inspector.isolated.test.tsx). (1) Every token is there, control tokens too, marked as sampled or forced by the sampler's own mask.
 * (2) The arrow keys step through the tokens; the line at the foot describes the one under the pointer or the cursor.
 */
import { memo, useMemo, useState, type KeyboardEvent, type MouseEvent } from 'react';
import type { PolicyChoice } from '../ask/policies.ts';
import type { Trajectory } from '../../tasks/trajectory.ts';
import type { ExecutionResult } from '../app/types.ts';
import {
  tokenSegments,
  transcriptRows,
  type SegmentKind,
  type TokenSegment,
  type TranscriptRow,
} from './segments.ts';
import { Look, useAlternatives } from './alternatives.tsx';
import type { Written } from './written.ts';
import { RunAgain } from './RunAgain.tsx';
import { TokenDetail, tokenProbability, TokenLegend, type Learned } from './TokenDetail.tsx';
import { tokenGlyph } from './tokenGlyph.ts';
import styles from './transcript.module.css';

interface Props {
  readonly trajectory: Written;
  /** Who wrote the tokens that are not forced. The teacher's have no probabilities. */
  readonly author: 'policy' | 'teacher';
  readonly learned?: Learned | undefined;
  /** A policy that can say what else it finds likely. */
  readonly policy?: PolicyChoice | null | undefined;
  /** One of two beside each other: of little room, all is the text's. */
  readonly paired?: boolean;
}

const spokenKind: Record<SegmentKind, string> = {
  prompt: 'Prompt',
  thought: 'Thought',
  call: 'Python call',
  response: 'Python’s output',
  answer: 'Answer',
};

export const Transcript = memo(function Transcript({
  trajectory,
  author,
  learned,
  policy,
  paired = false,
}: Props) {
  const rows = useMemo(() => transcriptRows(tokenSegments(trajectory)), [trajectory]);
  const [active, setActive] = useState<number | null>(null);
  const { looked, look } = useAlternatives(trajectory, policy ?? null);
  const { tokens, calls } = trajectory;
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1 };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    setActive(Math.min(tokens.length - 1, Math.max(0, (active ?? -1) + step)));
  };
  const onPoint = (event: MouseEvent) => {
    const index = (event.target as HTMLElement).dataset['token'];
    if (index !== undefined) setActive(Number(index));
  };
  return (
    <div className={styles.transcript} data-testid="transcript">
      <div
        className={styles.scroll}
        tabIndex={0}
        data-keys
        role="group"
        aria-label="Transcript; the arrow keys step through its tokens"
        onKeyDown={onKeyDown}
        onMouseOver={onPoint}
        onMouseLeave={() => setActive(null)}
      >
        <ol className={styles.rows}>
          {rows.map((row) => {
            const call = row.call === null ? undefined : calls[row.call];
            return (
              <li key={row.segments[0]?.from} className={styles.row} data-kind={row.segments.at(-1)?.kind}>
                <span className={styles.rowLabel} aria-hidden="true">
                  {row.call === null ? rowWord(row.segments[0]?.kind) : row.call + 1}
                </span>
                <span className={styles.rowText}>
                  {row.segments.map((segment) => (
                    <Segment
                      key={segment.from}
                      segment={segment}
                      trajectory={trajectory}
                      author={author}
                      active={active}
                    />
                  ))}
                  {call === undefined ? null : (
                    <>
                      {call.result.stateLost === true ? (
                        <span className={styles.fault}>
                          before this call Python lost what earlier ones had left
                        </span>
                      ) : null}
                      <ResultNote result={call.result} />
                      <RunAgain cells={calls.slice(0, (row.call ?? 0) + 1).map(({ code }) => code)} />
                    </>
                  )}
                  {isUnfinished(row) ? <span className={styles.fault}>never closed: nothing ran</span> : null}
                </span>
              </li>
            );
          })}
        </ol>
        <p className={styles.end}>{trajectory.stop === null ? 'Writing …' : stopWords[trajectory.stop]}</p>
      </div>
      <footer className={styles.foot}>
        {active === null ? (
          paired ? null : (
            <TokenLegend author={author} />
          )
        ) : (
          <TokenDetail
            trajectory={trajectory}
            index={active}
            author={author}
            learned={learned}
            alternatives={looked.kind === 'told' ? looked.places[active] : undefined}
          />
        )}
        <Look looked={looked} policy={policy ?? null} onLook={look} />
      </footer>
    </div>
  );
});

const stopWords: Record<Trajectory['stop'], string> = {
  end: 'Ended by itself.',
  context: 'Cut off: the context was full. Without a finished answer it earns nothing.',
  budget: 'Cut off: it asked for more calls than the budget allows.',
};

const isUnfinished = ({ segments }: TranscriptRow) => segments.some(({ finished }) => !finished);

function rowWord(kind: SegmentKind | undefined): string {
  switch (kind) {
    case 'prompt':
      return 'asked';
    case 'answer':
      return 'answer';
    case 'call':
    case 'response':
      return 'call';
    case 'thought':
    case undefined:
      return 'thinks';
  }
}

interface SegmentProps {
  readonly segment: TokenSegment;
  readonly trajectory: Written;
  readonly author: Props['author'];
  readonly active: number | null;
}

function Segment({ segment, trajectory, author, active }: SegmentProps) {
  const { kind, from, to } = segment;
  const { tokens, lossMask } = trajectory;
  const spans = [];
  for (let i = from; i < to; i++) {
    const glyph = tokenGlyph(tokens[i]!);
    const sampled = lossMask[i] === 1;
    const probability = sampled && author === 'policy' ? tokenProbability(trajectory, i) : 1;
    spans.push(
      <span
        key={i}
        data-token={i}
        data-sign={glyph.sign}
        data-active={i === active || undefined}
        data-surprise={surprise(probability)}
        className={sampled ? styles.sampled : styles.forced}
        style={
          sampled
            ? { backgroundColor: `rgb(var(--lab-token-sampled) / ${tintPercent(probability)}%)` }
            : undefined
        }
      >
        {glyph.sign === undefined ? glyph.text : <span className={styles.realText}>{glyph.text}</span>}
      </span>,
    );
  }
  return (
    <span className={styles.segment} data-kind={kind} data-unfinished={!segment.finished || undefined}>
      <span className="lab-hidden">{spokenKind[kind]}: </span>
      {spans}
    </span>
  );
}

/** For where no tint is seen: forced colours. */
function surprise(probability: number): 'unsure' | 'unlikely' | undefined {
  return probability < 0.2 ? 'unlikely' : probability < 0.7 ? 'unsure' : undefined;
}

/** How strongly a sampled token is tinted, in percent: the less likely it was, the more. */
function tintPercent(probability: number): number {
  return Math.round(9 + 46 * (1 - probability));
}

/** What happened to a call that failed; the response tokens only say what the policy was told. */
function ResultNote({ result }: { result: ExecutionResult }) {
  switch (result.kind) {
    case 'ok':
      return null;
    case 'error':
      return <span className={styles.fault}>raised {result.message}</span>;
    case 'timeout':
      return <span className={styles.fault}>stopped after {result.deadlineMs} ms</span>;
    case 'memory':
      return <span className={styles.fault}>out of memory: {result.message}</span>;
    case 'format':
      return <span className={styles.fault}>not run: {result.message}</span>;
  }
}
