/**
 * Names for the ends of lines, where there is little room.
 *
 * Invariant (shortNames.test.ts): names that differ are still told apart, as far as their first and last words do.
 */

/** Of a character, pixels, at most on average. */
const characterWidth = 6.5;
/** Of a name's last words, where those are shown: “seed 5 (2)”. */
const longestTail = 10;

/** @param room pixels for each @returns in the same order */
export function shortNames(names: readonly string[], room: number): readonly string[] {
  const longest = Math.floor(room / characterWidth);
  const heads = names.map((name) => cutTo(name, longest));
  return names.map((name, i) => {
    const head = heads[i] ?? name;
    const alike = heads.some((other, j) => other === head && names[j] !== name);
    if (!alike) return head;
    const tail = lastWords(name);
    return `${cutTo(name, longest - tail.length)}${tail}`;
  });
}

function cutTo(name: string, length: number): string {
  return name.length <= length ? name : `${name.slice(0, length - 1).replace(/[\s,.]+$/, '')}…`;
}

/** As many whole words as fit; of a longer word its end. */
function lastWords(name: string): string {
  const end = name.slice(-longestTail);
  if (name.at(-longestTail - 1) === ' ' || !end.includes(' ')) return end;
  return end.slice(end.indexOf(' ') + 1);
}
