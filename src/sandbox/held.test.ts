import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Held } from './held.ts';
import { endsAtOnce } from './plain.ts';
import { mostAtOnce, type FromWorker, type WireCell } from './protocol.ts';

const finished = (output: string, stateful = false) =>
  ({ type: 'finished', result: { kind: 'ok', output }, stateful, lost: false }) as const;
const done: FromWorker = { type: 'done', heapBytes: 1 };
const wire = (trajectory: number, code: string): WireCell => ({
  ...{ trajectory, code, index: 0, replay: false, rebuildMs: 0 },
});

it('before a cell that may not come back, or whose variables may have to be rebuilt, all has been said', () => {
  const code = fc.constantFrom('37*2', '(1+2)//3', 'x = 5', 'sum(range(10**9))', '9**9**9');
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), code, fc.boolean()), { minLength: 1 }), (batch) => {
      const cells = batch.map(([trajectory, text]) => wire(trajectory, text));
      const said: FromWorker[] = [];
      const held = new Held((messages) => {
        expect(messages.length).toBeLessThanOrEqual(mostAtOnce);
        said.push(...messages);
      });
      held.begin(cells);
      const stateful = new Set<number>();
      batch.forEach(([trajectory, text, leaves], i) => {
        if (!endsAtOnce(text) || stateful.has(trajectory))
          expect(said, 'as this cell begins').toHaveLength(i);
        if (leaves) stateful.add(trajectory);
        held.finished(finished(`${i}`, leaves));
      });
      held.end(done);
      expect(said).toEqual([...batch.map(([, , leaves], i) => finished(`${i}`, leaves)), done]);
    }),
  );
});

it('sums are told of together, and what was released is forgotten', () => {
  const posts: number[] = [];
  const held = new Held((messages) => posts.push(messages.length));
  const run = () => {
    const cells = [wire(1, '1+1'), wire(1, '2+2'), wire(1, '3+3')];
    held.begin(cells);
    cells.forEach((_, i) => held.finished(finished(`${i}`, i === 0)));
    held.end(done);
    return posts.splice(0);
  };
  expect(run(), 'the first one left something').toEqual([1, 1, 2]);
  held.released([1]);
  expect(posts.splice(0)).toEqual([1]);
  const cells = [wire(1, '1+1'), wire(2, '2+2')];
  held.begin(cells);
  cells.forEach((_, i) => held.finished(finished(`${i}`)));
  held.end(done);
  expect(posts).toEqual([3]);
});

it.each([
  ['37*2', true],
  ['(12-3)//4 % 5', true],
  ['1.5/.5', true],
  ['2**9', false],
  ['9' + '*9'.repeat(60), false],
  ['x*2', false],
  ['1,2', false],
  ['1e9', false],
  ['"a"*9', false],
  ['1\n2', false],
  [7, false],
])('%j ends at once: %j', (code, expected) => {
  expect(endsAtOnce(code)).toBe(expected);
});
