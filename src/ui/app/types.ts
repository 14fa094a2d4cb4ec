/**
 * Two types that the lab's state uses without naming them.
 */
import type { RunView } from '../../record/runView.ts';
import type { ToolCall } from '../../tasks/trajectory.ts';

export type CurationView = NonNullable<RunView['curation']>;
export type ExecutionResult = ToolCall['result'];
