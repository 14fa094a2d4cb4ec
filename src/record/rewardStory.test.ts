import { describe, expect, it } from 'vitest';
import { rewardStory } from './rewardStory.ts';

const points = (right: (i: number) => number, cutOff: (i: number) => number, rounds = 20) =>
  Array.from({ length: rounds }, (_, i) => ({
    x: i + 1,
    'critic/score/mean': right(i),
    'response_length/clip_ratio': cutOff(i),
  }));

describe('the story of a stage’s reward', () => {
  it('compares the first five rounds with the last five', () => {
    const story = rewardStory(
      points(
        (i) => (i < 5 ? 0.2 : 0.4),
        (i) => (i < 5 ? 0.6 : 0.2),
      ),
    );
    expect(story?.before.right).toBeCloseTo(0.2);
    expect(story?.after.cutOff).toBeCloseTo(0.2);
    expect(story?.total).toBeCloseTo(0.2);
    expect(story?.answers).toBeCloseTo(0); // a half of the finished are right, before and after
  });

  it('is told only where both ends are whole', () => {
    expect(
      rewardStory(
        points(
          () => 0.5,
          () => 0,
          9,
        ),
      ),
    ).toBeNull();
    expect(
      rewardStory(
        points(
          () => 0.5,
          () => 0,
          10,
        ),
      ),
    ).not.toBeNull();
    expect(rewardStory(Array.from({ length: 20 }, (_, i) => ({ x: i })))).toBeNull();
  });
});
