/**
 * Play, and the one scrubber for chart and stacks: it lies under the chart's plot, on the same scale.
 */
import { useEffect, useRef } from 'react';
import { Pause, Play } from 'lucide-react';
import { coldStartShare, positionOf, wholeRound } from '../../lab/lesson/timeline.ts';
import { roundName } from './roundName.ts';
import { usePlaying, useRound, type Scene } from './useScene.ts';
import styles from './scrubber.module.css';

export function Scrubber({ scene }: { readonly scene: Scene }) {
  const { playhead, timeline } = scene;
  const playing = usePlaying(scene);
  const round = useRound(scene);
  const track = useRef<HTMLDivElement>(null);
  const asking = scene.stage === 'asking';
  useEffect(() => {
    const draw = () => track.current?.style.setProperty('--position', String(playhead.state.position));
    draw();
    return playhead.subscribe(draw);
  }, [playhead]);
  const toRound = (wanted: number) => {
    playhead.pause();
    playhead.seek(positionOf(timeline, wanted));
  };
  const seek = (event: React.PointerEvent<HTMLDivElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    playhead.pause();
    playhead.seek((event.clientX - left) / width);
  };
  const disabled = asking ? { 'aria-disabled': true, title: 'First guess, or skip the question.' } : {};
  return (
    <div className={styles.scrubber}>
      <button
        type="button"
        className={styles.play}
        aria-label={playing ? 'Pause' : 'Play'}
        data-testid="scene-play"
        {...disabled}
        onClick={() => {
          if (asking) return;
          if (playing) playhead.pause();
          else playhead.play();
        }}
      >
        {playing ? <Pause size={18} aria-hidden /> : <Play size={18} aria-hidden />}
      </button>
      <div
        ref={track}
        role="slider"
        tabIndex={0}
        className={styles.track}
        data-testid="scene-scrubber"
        aria-label="Moment of both runs"
        aria-valuemin={0}
        aria-valuemax={timeline.last}
        aria-valuenow={round}
        aria-valuetext={roundName(timeline, round)}
        style={{ '--school': coldStartShare } as React.CSSProperties}
        {...disabled}
        onPointerDown={(event) => {
          if (asking) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          seek(event);
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) seek(event);
        }}
        onKeyDown={(event) => {
          if (asking) return;
          const now = wholeRound(timeline, playhead.state.position);
          const to = {
            ArrowRight: now + 1,
            ArrowUp: now + 1,
            ArrowLeft: now - 1,
            ArrowDown: now - 1,
            PageUp: now + 5,
            PageDown: now - 5,
            Home: 0,
            End: timeline.last,
          }[event.key];
          if (to === undefined) return;
          event.preventDefault();
          toRound(to);
        }}
      >
        <span className={styles.rail} aria-hidden="true" />
        <span className={styles.done} aria-hidden="true" />
        <span className={styles.place} aria-hidden="true">
          <span className={styles.thumb} />
        </span>
      </div>
    </div>
  );
}
