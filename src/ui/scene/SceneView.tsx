/**
 * The first view: two students, one lesson. A scene drawn from two recordings: one chart, two stacks of answers to the same problems, one
 * playhead for all, and a few words.
 *
 * It loads neither the instrument nor an engine; those come when a person asks for them.
 */
import { useEffect, useMemo } from 'react';
import '../app/fonts.css';
import '../app/tokens.css';
import './scene.css';
import { readMoment, type Moment } from '../../lab/lesson/link.ts';
import type { OpenLesson } from '../../lab/lesson/openLesson.ts';
import { Actions } from './Actions.tsx';
import { Header } from './Header.tsx';
import { HeroChart } from './HeroChart.tsx';
import { Narrator } from './Narrator.tsx';
import { Scrubber } from './Scrubber.tsx';
import { Stacks } from './Stacks.tsx';
import { LivePanel } from './LivePanel.tsx';
import { TrainedBefore } from './TrainedBefore.tsx';
import { useLive, type LabAccess } from './useLive.ts';
import { useOpenLesson, useScene } from './useScene.ts';
import styles from './scene.module.css';

export interface SceneViewProps {
  /** The address's query. */
  readonly query: string;
  readonly onLesson: (name: string) => void;
  readonly onLab: () => void;
  readonly lab: LabAccess;
}

export function SceneView({ query, onLesson, onLab, lab }: SceneViewProps) {
  const moment = useMemo(() => readMoment(query), [query]);
  const opened = useOpenLesson(moment.lesson);
  const frame = moment.embed ? null : <Header lesson={moment.lesson} onLesson={onLesson} onLab={onLab} />;
  return (
    <div
      className={styles.page}
      data-testid="scene"
      data-embed={moment.embed}
      data-ready={opened?.ok === true}
    >
      {frame}
      {opened === null ? (
        <main className={styles.waiting} aria-busy="true">
          <p role="status">Opening the lesson…</p>
        </main>
      ) : opened.ok ? (
        <Lesson key={query} opened={opened} moment={moment} lab={lab} onLesson={onLesson} onLab={onLab} />
      ) : (
        <main className={styles.waiting}>
          <p role="alert" data-testid="scene-absent">
            {opened.message}
          </p>
          <p>
            <a href="?view=lab">Open the lab</a>
          </p>
        </main>
      )}
    </div>
  );
}

interface LessonProps extends Omit<SceneViewProps, 'query'> {
  readonly opened: OpenLesson;
  readonly moment: Moment;
}

function Lesson({ opened, moment, lab, onLab }: LessonProps) {
  const scene = useScene(opened, moment);
  const live = useLive(scene, lab);
  const { lesson } = opened;
  const isLive = live.state === 'both' || live.state === 'rescue';
  const { leaveQuestion } = scene;
  useEffect(() => {
    if (isLive) leaveQuestion();
  }, [isLive, leaveQuestion]);
  return (
    <main className={styles.main} data-stage={scene.stage}>
      {moment.embed ? (
        <h1 className={styles.embedTitle}>{lesson.title}</h1>
      ) : (
        <div className={styles.intro}>
          <h1 className={styles.title}>{lesson.title}</h1>
          <p className={styles.lead}>{lesson.lead}</p>
        </div>
      )}
      {moment.embed ? null : <TrainedBefore scene={scene} live={live} />}
      <div className={styles.stage}>
        <div className={styles.picture}>
          <HeroChart scene={scene} live={live.lines} />
          <Scrubber scene={scene} />
        </div>
        {isLive ? <LivePanel scene={scene} live={live} onLab={onLab} /> : <Narrator scene={scene} />}
      </div>
      <Stacks
        scene={scene}
        live={live.lines}
        actions={moment.embed ? null : <Actions scene={scene} live={live} />}
      />
      {moment.embed ? (
        <p className={styles.source}>
          <a href={`?${scene.link()}`} target="_blank" rel="noreferrer">
            Open this in ASTER Lab
          </a>
        </p>
      ) : null}
    </main>
  );
}
