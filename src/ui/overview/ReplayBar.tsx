/**
 * The bar above a recorded run: that it is not live, where it comes from, and the controls that replay it round by round.
 *
 * Invariant (replay.test.tsx): while a recorded run is shown, the bar says so, and names the round that the rest of the page shows.
 */
import { Button } from '@mantine/core';
import { History, Pause, Play } from 'lucide-react';
import type { ReplayView, RunState } from '../../lab/state.ts';
import { useLabActions, useRun } from '../app/lab.tsx';
import { Range } from '../app/Range.tsx';
import { AdoptSettings } from '../settings/AdoptSettings.tsx';
import styles from './replay.module.css';

const selectSource = (run: RunState) => run.source;
const selectReplay = (run: RunState) => run.replay;
const selectSeed = (run: RunState) => run.settings.run.seed;

export function ReplayBar() {
  const source = useRun(selectSource);
  const replay = useRun(selectReplay);
  const seed = useRun(selectSeed);
  if (source.kind === 'live' || replay === null) return null;
  const facts = [
    new Date(source.recordedAt).toLocaleDateString('en-GB', {
      day: 'numeric',
      month: 'short',
      year: 'numeric',
    }),
    seed === undefined ? '' : `seed ${seed}`,
    source.commit === undefined ? '' : `commit ${source.commit.slice(0, 7)}`,
  ].filter((fact) => fact !== '');
  return (
    <section className={styles.bar} aria-label="Recorded run" data-testid="replay" data-frame={replay.frame}>
      <p className={styles.what}>
        <span className={styles.badge}>
          <History size={13} aria-hidden />
          Recorded run, not live
        </span>
        <strong>{source.name}</strong>
        <span className={styles.facts}>{facts.join(' · ')}</span>
      </p>
      <AdoptSettings size="compact-sm">Use its settings</AdoptSettings>
      <ReplayControl replay={replay} />
    </section>
  );
}

/** A frame in words (record/replayFrame.ts). */
function frameWords({ frame, last }: ReplayView): string {
  if (frame >= last) return 'whole run';
  return frame === 0 ? 'before round 1' : `round ${frame} of ${last - 1}`;
}

function ReplayControl({ replay }: { replay: ReplayView }) {
  const actions = useLabActions();
  const { frame, last, playing } = replay;
  const words = frameWords(replay);
  return (
    <div className={styles.control} role="group" aria-label="Replay">
      <Button
        size="compact-sm"
        variant="default"
        className={styles.play}
        leftSection={
          playing ? (
            <Pause size={13} aria-hidden fill="currentColor" />
          ) : (
            <Play size={13} aria-hidden fill="currentColor" />
          )
        }
        onClick={() => (playing ? actions.pauseReplay() : actions.playReplay())}
      >
        {playing ? 'Pause' : frame >= last ? 'Replay' : 'Play'}
      </Button>
      <Range
        className={styles.slider}
        aria-label="Round shown"
        aria-valuetext={words}
        min={0}
        max={last}
        value={frame}
        onChange={(event) => {
          actions.pauseReplay();
          actions.seekReplay(Number(event.currentTarget.value));
        }}
      />
      <output className={styles.words}>{words}</output>
    </div>
  );
}
