/**
 * What the scene's parts share: the lesson that is open, its playhead, the guess, and which problem is chosen.
 */
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { download, frames } from '../../lab/lesson/browser.ts';
import { moments, roundOf } from '../../lab/lesson/captions.ts';
import { writeMoment, type Guess, type Moment } from '../../lab/lesson/link.ts';
import { openLesson, type OpenedLesson, type OpenLesson } from '../../lab/lesson/openLesson.ts';
import { commonTimeline } from '../../lab/lesson/pair.ts';
import { Playhead, positionOf, wholeRound, type Timeline } from '../../lab/lesson/timeline.ts';

/** The lesson's files; null while they are on their way. */
export function useOpenLesson(name: string): OpenedLesson | null {
  const [opened, setOpened] = useState<{ readonly name: string; readonly result: OpenedLesson } | null>(null);
  useEffect(() => {
    let wanted = true;
    void openLesson(name, download).then((result) => {
      if (wanted) setOpened({ name, result });
    });
    return () => {
      wanted = false;
    };
  }, [name]);
  return opened?.name === name ? opened.result : null;
}

/** How far a visitor is with the question: it stands, or everything is shown. */
export type Stage = 'asking' | 'shown';

export interface Scene extends OpenLesson {
  readonly timeline: Timeline;
  readonly moments: ReturnType<typeof moments>;
  readonly playhead: Playhead;
  readonly stage: Stage;
  readonly guess: Guess | null;
  readonly problem: number;
  readonly setGuess: (guess: Guess | null) => void;
  readonly setProblem: (problem: number) => void;
  /** The question is answered or left: from the end of the cold start on the play tells how it went. */
  readonly answer: (guess: Guess | null) => void;
  /** The question is left without a word: something else is shown. A guess that was made stays. */
  readonly leaveQuestion: () => void;
  /** The query of a link to what is shown now. */
  readonly link: () => string;
}

/** @param opened the lesson's files @param moment what the address asks for */
export function useScene(opened: OpenLesson, moment: Moment): Scene {
  const { lesson, pair } = opened;
  const timeline = useMemo(() => commonTimeline(pair.a.timeline, pair.b.timeline), [pair]);
  const found = useMemo(() => moments(pair, timeline), [pair, timeline]);
  const asks = lesson.question !== null && moment.round === null && moment.guess === null && !moment.embed;
  const [playhead] = useState(() => {
    const round = asks
      ? timeline.taught
      : Math.min(timeline.last, moment.round ?? roundOf(lesson.opensAt, found) ?? timeline.last);
    return new Playhead(frames, positionOf(timeline, round));
  });
  useEffect(() => () => playhead.pause(), [playhead]);
  const [stage, setStage] = useState<Stage>(asks ? 'asking' : 'shown');
  const [guess, setGuess] = useState<Guess | null>(moment.guess);
  const problems = Math.max(1, pair.a.answers.at(-1)?.trajectories.length ?? 1);
  const [problem, setProblem] = useState(Math.min(moment.problem, problems - 1));
  const answer = useCallback(
    (given: Guess | null) => {
      setGuess(given);
      setStage('shown');
      playhead.play();
    },
    [playhead],
  );
  const leaveQuestion = useCallback(() => setStage('shown'), []);
  const link = useCallback(
    () =>
      writeMoment({
        lesson: lesson.name,
        round: wholeRound(timeline, playhead.state.position),
        problem,
        guess: stage === 'asking' ? null : guess,
        embed: false,
      }),
    [lesson.name, timeline, playhead, problem, guess, stage],
  );
  return {
    ...opened,
    ...{ timeline, moments: found, playhead, stage, guess, problem },
    ...{ setGuess, setProblem, answer, leaveQuestion, link },
  };
}

/** The last round that the playhead has passed; changes only with whole rounds. */
export function useRound({ playhead, timeline }: Pick<Scene, 'playhead' | 'timeline'>): number {
  const read = useCallback(() => wholeRound(timeline, playhead.state.position), [playhead, timeline]);
  return useSyncExternalStore(playhead.subscribe, read);
}

export function usePlaying({ playhead }: Pick<Scene, 'playhead'>): boolean {
  return useSyncExternalStore(playhead.subscribe, () => playhead.state.playing);
}
