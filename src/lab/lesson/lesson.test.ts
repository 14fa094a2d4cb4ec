import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readLesson, readLessonIndex, type Lesson } from '../../recipes/lessons.ts';
import { captionAt, moments, type Pair } from './captions.ts';
import { callTicks, linePath, spread } from './chartScale.ts';
import { problemInWords } from './inWords.ts';
import { readMoment, viewOf, writeMoment, type Moment } from './link.ts';
import { listLessons, openLesson } from './openLesson.ts';
import { valueAt, type StudentRun } from './pair.ts';
import { Playhead, positionOf, roundAt, roundTicks, wholeRound } from './timeline.ts';

const timeline = { taught: 4, longer: 34, last: 54 };

const student = (calls: (round: number) => number): StudentRun => {
  const x = Array.from({ length: timeline.last }, (_, i) => i + 1);
  const exam = { accuracy: 0.5, error: 0.0625, problems: 64, toolCalls: 1 };
  return {
    calls: { x, y: x.map(calls) },
    reward: { x, y: x.map(() => 0.4) },
    timeline,
    answers: [],
    asked: true,
    shown: 1500,
    before: null,
    after: exam,
  };
};

describe('the lesson’s time', () => {
  it('goes both ways, and the cold start has its share', () => {
    for (let round = 0; round <= timeline.last; round++) {
      const position = positionOf(timeline, round);
      expect(roundAt(timeline, position)).toBeCloseTo(round, 9);
      expect(wholeRound(timeline, position)).toBe(round);
    }
    expect([0, 0.16, 1].map((position) => roundAt(timeline, position))).toEqual([0, 4, 54]);
    expect(positionOf({ taught: 0, longer: null, last: 10 }, 5)).toBe(0.5);
  });

  it('marks the last round, and none just before it', () => {
    expect(roundTicks(timeline)).toEqual([10, 20, 30, 40, 50, 54].filter((tick) => tick < 49 || tick === 54));
  });

  it('plays in twenty seconds, stops at the end and begins anew', () => {
    let call: ((now: number) => void) | null = null;
    const playhead = new Playhead(
      {
        next: (frame) => {
          call = frame;
          return () => (call = null);
        },
      },
      0.5,
    );
    playhead.play();
    let now = 0;
    let frames = 0;
    while (call !== null && frames < 5000) {
      const frame: (now: number) => void = call;
      call = null;
      frame((now += 20));
      frames++;
    }
    expect(playhead.state).toEqual({ position: 1, playing: false });
    expect(now / 1000).toBeCloseTo(10, 0);
    playhead.play();
    expect(playhead.state).toEqual({ position: 0, playing: true });
    playhead.pause();
    expect(playhead.state.playing).toBe(false);
    expect(call).toBeNull();
  });
});

describe('a link', () => {
  it('is read as it was written', () => {
    const all: readonly Moment[] = [
      { lesson: 'rescue', round: 13, problem: 2, guess: { a: 0.4, b: 2.1 }, embed: true },
      { lesson: 'collapse', round: null, problem: 0, guess: null, embed: false },
    ];
    for (const moment of all) expect(readMoment(writeMoment(moment))).toEqual(moment);
  });

  it('leaves out what makes no sense', () => {
    expect(readMoment('lesson=../x&round=-1&problem=two&guess=1,&embed=yes')).toEqual({
      ...{ lesson: 'collapse', round: null, problem: 0, guess: null, embed: false },
    });
  });

  it('decides between lesson and instrument', () => {
    expect(
      ['', '?isolate=0', '?lesson=prior', '?embed=1', '?view=lab', '?preset=micro', '?grpo.clipHigh=0.2'].map(
        viewOf,
      ),
    ).toEqual([null, null, 'lesson', 'lesson', 'lab', 'lab', 'lab']);
  });
});

describe('what is said', () => {
  const collapsing: Pair = {
    a: student((round) => (round <= 4 ? 2 : Math.max(0, 2 - (round - 4) / 10))),
    b: student(() => 4),
  };
  const found = moments(collapsing, timeline);
  const lesson: Pick<Lesson, 'captions' | 'students'> = {
    students: {
      a: { file: 'a.json', name: 'A', taught: 'x' },
      b: { file: 'b.json', name: 'B', taught: 'x' },
    },
    captions: [
      { at: 'start', text: 'start' },
      { at: 'half', text: '{round}: {a.calls} of {a.taughtCalls}, {b.right}' },
      { at: 'end', text: '{a.heldOut} {a.heldOutBefore} {a.unknown}' },
    ],
  };
  const said = (round: number) => captionAt(lesson, collapsing, timeline, found, round);

  it('comes when the runs say so', () => {
    expect(found.get('half')).toBe(14);
    expect(found.get('gone')).toBe(22);
    expect(moments({ a: collapsing.b, b: collapsing.b }, timeline).has('half')).toBe(false);
  });

  it('has the pair’s numbers, and a dash for what was not measured', () => {
    expect([said(13), said(14), said(54)]).toEqual([
      'start',
      '14: 1.0 of 2.0, 40%',
      '50\u00a0±\u00a06% – {a.unknown}',
    ]);
  });
});

describe('the chart', () => {
  const box = { left: 0, top: 0, width: 100, height: 100 };
  it('has room above every value, and a line that is the run’s', () => {
    expect(callTicks([{ x: [1], y: [4.4] }])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(linePath(box, { taught: 0, longer: null, last: 2 }, 4, { x: [0, 2], y: [4, 0] })).toBe(
      'M0.0 0.0L100.0 100.0',
    );
    expect(valueAt({ x: [1, 3], y: [0, 4] }, 2)).toBe(2);
    expect(valueAt({ x: [1, 3], y: [0, 4] }, 4)).toBeNull();
  });

  it('keeps labels apart and within, and moves none without need', () => {
    expect(spread(box, [70, 20], 30)).toEqual([70, 20]);
    expect(spread(box, [50, 52], 30)).toEqual([36, 66]);
    expect(spread(box, [], 30)).toEqual([]);
    for (const middles of [[99, 100], [0, 1], [50, 50, 50], [98], [10, 90, 12]]) {
      const placed = [...spread(box, middles, 30)].sort((a, b) => a - b);
      expect(placed[0]).toBeGreaterThanOrEqual(15);
      expect(placed.at(-1)).toBeLessThanOrEqual(85);
      for (const [i, middle] of placed.entries())
        if (i > 0) expect(middle - (placed[i - 1] ?? 0)).toBeGreaterThanOrEqual(30 - 1e-9);
    }
  });
});

describe('a problem in words', () => {
  it('names each operation, or says nothing', () => {
    const problem = (operations: readonly string[]) => ({
      ...{ id: '', family: 'chain', question: '', start: '19', answer: '' },
      steps: operations.map((operation) => ({
        ...{ label: 'a', operation, code: '', value: '', thought: '', difficulty: 0 },
      })),
    });
    expect(problemInWords(problem(['-3', '//4', '*2']))).toBe(
      'Start with 19; subtract 3, divide by 4, then multiply by 2.',
    );
    expect(problemInWords(problem(['?']))).toBeNull();
  });
});

describe('the lessons that ship', () => {
  const file = async (path: string) => new Blob([new Uint8Array(readFileSync(`public/${path}`))]);
  const json = (name: string): unknown => JSON.parse(readFileSync(`public/lessons/${name}.json`, 'utf8'));

  it('can each be read, and every number in a caption is one that captions know', () => {
    const names = readLessonIndex(json('index'));
    expect(names).toHaveLength(3);
    const known =
      /^(round|rounds|[ab]\.(name|calls|right|taughtCalls|taughtRight|heldOut|heldOutBefore|shown))$/;
    for (const name of names) {
      const read = readLesson(name, json(name));
      if (!read.ok) throw new Error(read.message);
      for (const { text } of read.lesson.captions)
        for (const [, key = ''] of text.matchAll(/\{([^}]*)\}/g)) expect(key).toMatch(known);
    }
    expect(readdirSync('public/lessons')).toEqual(
      expect.arrayContaining(names.map((name) => `${name}.json`)),
    );
  });

  it('opens with its two recordings; one without them says so and is not listed', async () => {
    const opened = await openLesson('collapse', file);
    expect(opened.ok && opened.pair.a.calls.x.length).toBeGreaterThan(10);
    const without = (path: string) =>
      path === 'runs/quick-dense.json.gz' ? Promise.reject(new Error('404')) : file(path);
    expect(await openLesson('collapse', without)).toMatchObject({
      ok: false,
      message: expect.stringContaining('quick-dense.json.gz') as string,
    });
    expect(await listLessons(file)).toHaveLength(3);
    const emptied = (path: string) =>
      path === 'runs/index.json' ? Promise.resolve(new Blob(['[]'])) : file(path);
    expect(await listLessons(emptied)).toEqual([]);
    expect(await openLesson('nothing', file)).toMatchObject({ ok: false });
  });

  it('says which part of a lesson cannot be read', () => {
    expect(readLesson('mine', { title: '' })).toMatchObject({
      ok: false,
      message: expect.stringContaining('“title”') as string,
    });
  });
});
