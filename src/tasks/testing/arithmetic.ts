/**
 * For tests only: what Python would make of the small integer arithmetic that tasks and policies write.
 *
 * Invariant: it takes whole numbers, `+ - * // %`, signs and brackets with Python's meaning, and ends in a typed
 * result for every text, as the sandbox does; it has no variables, so every name is a NameError.
 */
import type { ExecutionResult } from '../../sandbox/sandbox.ts';

/** Longest code that runs; longer code is a `format` result. */
const codeLengthMax = 24;

/** The result of one cell. */
export function runArithmetic(code: string): ExecutionResult {
  if (code.trim() === '' || code.length > codeLengthMax || code.includes('<'))
    return { kind: 'format', message: 'The code is empty, too long, or not text.' };
  try {
    return { kind: 'ok', output: `${evaluate(code)}\n` };
  } catch (error) {
    return { kind: 'error', message: error instanceof Error ? error.message : String(error), output: '' };
  }
}

function evaluate(code: string): number {
  const lexemes = code.match(/\d+|\/\/|[a-z]+|\S/g) ?? [];
  let at = 0;
  const sum = (): number => {
    let value = product();
    while (lexemes[at] === '+' || lexemes[at] === '-')
      value = lexemes[at++] === '+' ? value + product() : value - product();
    return value;
  };
  const product = (): number => {
    let value = signed();
    for (;;) {
      const operator = lexemes[at];
      if (operator !== '*' && operator !== '//' && operator !== '%') return value;
      at++;
      const right = signed();
      if (operator === '*') value *= right;
      else if (right === 0) throw new Error('ZeroDivisionError: division by zero');
      else if (operator === '//') value = Math.floor(value / right);
      else value -= Math.floor(value / right) * right;
    }
  };
  const signed = (): number => {
    const lexeme = lexemes[at++];
    if (lexeme === '-') return -signed();
    if (lexeme === '+') return signed();
    if (lexeme === '(') {
      const value = sum();
      if (lexemes[at++] !== ')') throw new Error("SyntaxError: '(' was never closed");
      return value;
    }
    if (lexeme === undefined || !/^[a-z\d]/.test(lexeme)) throw new Error('SyntaxError: invalid syntax');
    if (/^[a-z]/.test(lexeme)) throw new Error(`NameError: name '${lexeme}' is not defined`);
    return Number(lexeme);
  };
  const value = sum();
  if (at < lexemes.length) throw new Error('SyntaxError: invalid syntax');
  return value;
}
