/**
 * Two types that the lab's state does not name itself.
 */
import type { LabState } from '../../lab/state.ts';
import type { ToolCall } from '../../tasks/trajectory.ts';

export type CurationView = NonNullable<LabState['curation']>;
export type ExecutionResult = ToolCall['result'];
