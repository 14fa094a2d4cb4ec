/**
 * Which of a run's kept moments stay: to go on from, and to fork at.
 *
 * Invariants (runLibrary.test.ts). (1) The newest two always stay, so that there is another one where the newest is damaged. (2) So does
 * the last one of each phase that is over. (3) Of the others stay as many as fit, spread over the rounds; they never take more than
 * `roomPerRun` together.
 */
import type { Save } from './runEntry.ts';

/** Moments between the phases' ends that stay at most. */
const mostBetween = 6;
/** Room for those, bytes. */
export const roomPerRun = 48 * 2 ** 20;

/** @param saves oldest first */
export function retained(saves: readonly Save[]): readonly Save[] {
  const newest = saves.slice(-2);
  const ends = saves.filter((save, i) => {
    const next = saves[i + 1];
    return next !== undefined && next.place.phase !== save.place.phase;
  });
  const firm = new Set([...newest, ...ends]);
  const between = saves.filter((save) => !firm.has(save));
  while (between.length > mostBetween || sum(between) > roomPerRun) {
    const [index] = between
      .map((save, i) => [i, gapWithout(saves, firm, between, save)] as const)
      .reduce((least, one) => (one[1] < least[1] ? one : least));
    between.splice(index, 1);
  }
  const staying = new Set([...firm, ...between]);
  return saves.filter((save) => staying.has(save));
}

function sum(saves: readonly Save[]): number {
  return saves.reduce((total, { bytes }) => total + bytes, 0);
}

/** How far its neighbours would be apart without it, in seconds of the run. */
function gapWithout(
  all: readonly Save[],
  firm: ReadonlySet<Save>,
  between: readonly Save[],
  save: Save,
): number {
  const staying = all.filter((one) => firm.has(one) || between.includes(one));
  const at = staying.indexOf(save);
  return (staying[at + 1]?.seconds ?? Infinity) - (staying[at - 1]?.seconds ?? 0);
}
