/**
 * Cells that cannot reach anything, by their text alone: numbers, operators, calls of a few pure functions, and names.
 *
 * A plain cell has no attribute, no text, no import and no definition, so whatever Python's builtins hold, it can name none of them but
 * those listed here. What a policy writes is plain nearly always. The pool runs everything else in a Python of its own, so that a cell
 * that leaves the guard behind finds no plain trajectory's variables (pool.ts).
 */

const characters = /^[0-9A-Za-z_+\-*/%=.,()[\]<>!: \n]*$/;
const attribute = /\.\s*[A-Za-z_]/;
const names = /[A-Za-z_][A-Za-z_0-9]*/g;

/** Pure functions of numbers and lists, and the words of expressions, assignments and loops. */
const allowed = new Set(
  (
    'abs divmod float int len max min pow print range round sorted str sum ' +
    'and break continue elif else False for if in is None not or pass True while'
  ).split(' '),
);
/** Of three letters and fewer, what Python or a test's guard gives a meaning that is not on the list. */
const refused = new Set('all any as bin chr def del dir hex id js map oct ord set try zip'.split(' '));

export function isPlain(code: unknown): boolean {
  if (typeof code !== 'string' || !characters.test(code) || attribute.test(code)) return false;
  for (const [name] of code.matchAll(names)) {
    if (!allowed.has(name) && (name.length > 3 || refused.has(name) || name.includes('__'))) return false;
  }
  return true;
}

/** Sums of written numbers: Python is done with them before it could be asked whether it hangs. A power may take minutes. */
const written = /^[\d +\-*/%().]{1,100}$/;

export function endsAtOnce(code: unknown): boolean {
  return typeof code === 'string' && written.test(code) && !code.includes('**');
}
