/**
 * The one chart of the scene: tool calls per attempt, two labelled lines from the same start.
 *
 * What moves with the playhead (the cut of the lines, the dots, the labels, the playhead itself) is set on the elements in one function a
 * frame, so that scrubbing never waits for React; React draws only what a round or the size of the window changes.
 */
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { callsText } from '../../lab/lesson/captions.ts';
import {
  areaPath,
  callTicks,
  linePath,
  spread,
  xOf,
  yOf,
  type PlotBox,
} from '../../lab/lesson/chartScale.ts';
import { newestAt, valueAt } from '../../lab/lesson/pair.ts';
import { roundAt } from '../../lab/lesson/timeline.ts';
import { students } from '../../recipes/lessons.ts';
import { ChartGround } from './ChartGround.tsx';
import { GuessHandles, unchanged } from './GuessHandles.tsx';
import { labelHeight, LiveMarks, type LiveLine } from './LiveMarks.tsx';
import type { Scene } from './useScene.ts';
import styles from './heroChart.module.css';

interface Props {
  readonly scene: Scene;
  readonly live: readonly LiveLine[];
}

/** Pixels; the left one holds the Play button of the scrubber below. */
export const chartMargin = { left: 52, right: 122, narrowRight: 74 };
const [top, bottom] = [28, 26];

export function HeroChart({ scene, live }: Props) {
  const { timeline, pair, lesson, playhead, stage } = scene;
  const guess = stage === 'asking' ? (scene.guess ?? unchanged(scene)) : scene.guess;
  const id = useId();
  const frame = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const ticks = useMemo(
    () => callTicks([pair.a.calls, pair.b.calls, ...live.map(({ run }) => run.calls)]),
    [pair, live],
  );
  const highest = ticks.at(-1) ?? 1;
  const box = useMemo((): PlotBox | null => {
    if (size === null) return null;
    const right = size.width < 560 ? chartMargin.narrowRight : chartMargin.right;
    return {
      left: chartMargin.left,
      top,
      width: Math.max(40, size.width - chartMargin.left - right),
      height: Math.max(40, size.height - top - bottom),
    };
  }, [size]);

  const drawing = useRef<SVGSVGElement>(null);
  const going = live.length > 0;
  useEffect(() => {
    const svg = drawing.current;
    if (box === null || svg === null) return;
    const parts = new Map(
      [...svg.querySelectorAll('[data-part]')].map((part) => [part.getAttribute('data-part'), part]),
    );
    const draw = () => {
      const { position } = playhead.state;
      const round = roundAt(timeline, position);
      const x = box.left + box.width * position;
      parts.get('cut')?.setAttribute('width', String(Math.max(0, x)));
      parts.get('playhead')?.setAttribute('transform', `translate(${x} 0)`);
      const heads = students.map((who) => {
        const { calls } = pair[who];
        const value = valueAt(calls, round) ?? newestAt(calls, round);
        return { who, value, y: value === null ? null : yOf(box, highest, value) };
      });
      const labels = spread(
        box,
        heads.map(({ y }) => y ?? 0),
        labelHeight,
      );
      heads.forEach(({ who, value, y }, i) => {
        const hidden = y === null ? 'hidden' : 'visible';
        for (const part of [`dot-${who}`, `label-${who}`])
          parts.get(part)?.setAttribute('visibility', hidden);
        parts.get(`dot-${who}`)?.setAttribute('transform', `translate(${x} ${y ?? 0})`);
        parts.get(`label-${who}`)?.setAttribute('transform', `translate(${x + 12} ${labels[i] ?? 0})`);
        const number = parts.get(`value-${who}`);
        if (number !== undefined) number.textContent = `${callsText(value)} calls`;
      });
    };
    draw();
    return playhead.subscribe(draw);
  }, [box, playhead, timeline, pair, highest, going]);

  const told = students
    .map((who) => {
      const { calls } = pair[who];
      return `${lesson.students[who].name}: ${callsText(newestAt(calls, timeline.taught))} after the cold start${
        stage === 'asking' ? '' : `, ${callsText(newestAt(calls, timeline.last))} at the end`
      }.`;
    })
    .join(' ');

  return (
    <figure className={styles.figure} aria-labelledby={`${id}-title`}>
      <figcaption id={`${id}-title`} className={styles.title}>
        Tool calls per attempt
      </figcaption>
      <div ref={frame} className={styles.frame} data-testid="hero-chart">
        {box === null || size === null ? null : (
          <svg
            ref={drawing}
            className={styles.svg}
            width={size.width}
            height={size.height}
            role="img"
            aria-label={`Tool calls per attempt, by round. ${told}`}
          >
            <defs>
              <clipPath id={`${id}-cut`}>
                <rect data-part="cut" x={0} y={0} height={size.height} width={0} />
              </clipPath>
              {students.map((who) => (
                <linearGradient key={who} id={`${id}-tint-${who}`} x1="0" y1="0" x2="0" y2="1">
                  <stop offset="0" className={styles.tint} data-student={who} stopOpacity="0.16" />
                  <stop offset="1" className={styles.tint} data-student={who} stopOpacity="0.01" />
                </linearGradient>
              ))}
            </defs>
            <ChartGround box={box} timeline={timeline} ticks={ticks} />
            {stage === 'asking'
              ? null
              : students.map((who) => (
                  <path
                    key={who}
                    className={styles.ghost}
                    data-student={who}
                    d={linePath(box, timeline, highest, pair[who].calls)}
                  />
                ))}
            {guess === null
              ? null
              : students.map((who) => (
                  <path
                    key={who}
                    className={styles.guess}
                    data-testid={`guess-${who}`}
                    data-student={who}
                    d={`M${xOf(box, timeline, timeline.taught)} ${yOf(box, highest, newestAt(pair[who].calls, timeline.taught) ?? 0)}L${box.left + box.width} ${yOf(box, highest, guess[who])}`}
                  />
                ))}
            {going ? null : (
              <g clipPath={`url(#${id}-cut)`}>
                {students.map((who) => (
                  <path
                    key={who}
                    fill={`url(#${id}-tint-${who})`}
                    className={styles.area}
                    d={areaPath(box, timeline, highest, pair[who].calls)}
                  />
                ))}
                {students.map((who) => (
                  <path
                    key={who}
                    className={styles.line}
                    data-student={who}
                    d={linePath(box, timeline, highest, pair[who].calls)}
                  />
                ))}
              </g>
            )}
            <g data-part="playhead">
              <line className={styles.playhead} x1={0} x2={0} y1={box.top} y2={box.top + box.height} />
            </g>
            {students.map((who) => (
              <circle
                key={who}
                data-part={`dot-${who}`}
                className={styles.dot}
                data-student={who}
                r={going ? 3.5 : 5.5}
              />
            ))}
            {going ? (
              <LiveMarks box={box} scene={scene} highest={highest} live={live} />
            ) : (
              students.map((who) => (
                <g key={who} data-part={`label-${who}`} className={styles.label} data-student={who}>
                  <text className={styles.name} y={-3}>
                    {lesson.students[who].name}
                  </text>
                  <text data-part={`value-${who}`} className={styles.value} y={13} />
                </g>
              ))
            )}
          </svg>
        )}
        {box !== null && stage === 'asking' ? (
          <GuessHandles scene={scene} box={box} highest={highest} />
        ) : null}
        {box === null || stage === 'asking' ? null : <ScrubArea scene={scene} box={box} />}
      </div>
    </figure>
  );
}

/** The plot itself as a scrubber for the pointer; keys have the one below it. */
function ScrubArea({ scene, box }: { readonly scene: Scene; readonly box: PlotBox }) {
  const { playhead } = scene;
  const seek = (event: React.PointerEvent<HTMLDivElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    playhead.pause();
    playhead.seek((event.clientX - left) / width);
  };
  return (
    <div
      className={styles.scrub}
      style={{ left: box.left, top: box.top, width: box.width, height: box.height }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        seek(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) seek(event);
      }}
    />
  );
}
