/**
 * A problem in words, so that its notation need not be known: `19 a-3 b*4 ` is “Start with 19; subtract 3, then multiply by 4.”
 *
 * Only chains of operations can be told like this; other families are shown as they are written.
 */
import type { Problem } from '../../tasks/problem.ts';

const verbs: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply by',
  '//': 'divide by',
  '%': 'take the remainder by',
};

/** The sentence; null where the family has none. */
export function problemInWords({ start, steps }: Problem): string | null {
  const told = steps.map(({ operation }) => {
    const parts = /^(\/\/|[-+*%])(\d+)$/.exec(operation);
    const verb = parts === null ? undefined : verbs[parts[1] ?? ''];
    return parts === null || verb === undefined ? null : `${verb} ${parts[2]}`;
  });
  if (told.length === 0 || told.includes(null)) return null;
  const [last, others] = [told.at(-1), told.slice(0, -1)];
  return `Start with ${start}; ${others.length === 0 ? '' : `${others.join(', ')}, then `}${last}.`;
}
