/**
 * A trajectory as chat messages, in the form that TRL and verl read: thought as `reasoning_content`, a call as a function call of
 * `python` with its code, its result as a message of the tool.
 *
 * Messages are for data that others train on with a template. What the policy sampled itself is handed on as tokens and mask
 * (datasets.ts), because a template cannot say everything that a policy can write (a closed call that was never opened).
 */
import { parseToolCalls } from '../tasks/calls.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { decodeTokens, tokenIds } from '../tasks/vocabulary.ts';

export interface PythonCall {
  readonly type: 'function';
  readonly function: { readonly name: 'python'; readonly arguments: { readonly code: string } };
}

/** What is absent is null, so that all messages have the same fields, as columns need. */
export interface Message {
  readonly role: 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly reasoning_content: string | null;
  readonly tool_calls: readonly PythonCall[] | null;
  readonly name: string | null;
}

/** The tool, as a JSON schema. */
export const pythonTool = {
  type: 'function',
  function: {
    name: 'python',
    description: 'Runs a line of Python and returns what it prints, or the value of its last expression.',
    parameters: {
      type: 'object',
      properties: { code: { type: 'string', description: 'The Python to run.' } },
      required: ['code'],
    },
  },
} as const;

const message = (role: Message['role'], content: string, rest: Partial<Message> = {}): Message => ({
  role,
  content,
  reasoning_content: null,
  tool_calls: null,
  name: null,
  ...rest,
});

/** The question, as the first message of every trajectory and the whole prompt of reinforcement learning. */
export function questionMessage(question: string): Message {
  return message('user', question);
}

/**
 * The messages of a finished trajectory whose every call was answered, as curation keeps them.
 * @throws where it is not one: it has no answer, or a call that has no result
 */
export function messagesOf(trajectory: Trajectory): readonly Message[] {
  const { id } = trajectory.problem;
  const { messages, isAnswered, isWhole } = split(trajectory);
  if (!isAnswered) throw new Error(`${id}: a call has no result.`);
  if (!isWhole) throw new Error(`${id}: the trajectory gives no answer.`);
  return messages;
}

/** Any trajectory to be read: what it ended in the middle of is thought, and a call without a result has none. */
export function readableMessages(trajectory: Trajectory): readonly Message[] {
  return split(trajectory).messages;
}

function split({ problem, tokens, lossMask }: Trajectory) {
  const messages: Message[] = [questionMessage(problem.question)];
  let from = lossMask.indexOf(1);
  let isAnswered = true;
  for (const call of parseToolCalls(tokens, lossMask)) {
    messages.push(
      message('assistant', '', {
        reasoning_content: decodeTokens(tokens.slice(from, call.start)),
        tool_calls: [{ type: 'function', function: { name: 'python', arguments: { code: call.code } } }],
      }),
    );
    if (call.end > call.codeEnd)
      messages.push(
        message('tool', decodeTokens(tokens.slice(call.codeEnd + 1, call.end - 1)), { name: 'python' }),
      );
    else isAnswered = false;
    from = call.end;
  }
  const thinkEnd = tokens.lastIndexOf(tokenIds.thinkEnd);
  const isWhole = thinkEnd >= from && tokens[tokens.length - 1] === tokenIds.imEnd;
  if (isWhole)
    messages.push(
      message('assistant', decodeTokens(tokens.slice(thinkEnd + 1, -1)), {
        reasoning_content: decodeTokens(tokens.slice(from, thinkEnd)),
      }),
    );
  else if (from < tokens.length)
    messages.push(message('assistant', '', { reasoning_content: decodeTokens(tokens.slice(from)) }));
  return { messages, isAnswered, isWhole };
}
