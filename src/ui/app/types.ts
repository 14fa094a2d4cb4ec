/**
 * Two types that the lab's state does not name itself.
 */
import type { RunView } from '../../record/runView.ts';
import type { ToolCall } from '../../tasks/trajectory.ts';

export type CurationView = NonNullable<RunView['curation']>;
export type ExecutionResult = ToolCall['result'];
