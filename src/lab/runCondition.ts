/**
 * What changes while a run lives, beside what it measures: pure steps from one condition to the next.
 */
import type { RunStatus } from '../worker/protocol.ts';
import type { BareRunState } from './state.ts';

export type LiveStatus = RunStatus | 'interrupted';

export type RunCondition = Pick<
  BareRunState,
  'requested' | 'engine' | 'sandbox' | 'parameters' | 'boot' | 'failure' | 'tokensPerSecond'
> & { readonly status: LiveStatus };

/** Whether a trainer works on it, or is about to. */
export function isGoing(status: BareRunState['status']): boolean {
  return status === 'starting' || status === 'running';
}

/** Whether it holds a trainer that has more to do. */
export function isUnderWay(status: BareRunState['status']): boolean {
  return isGoing(status) || status === 'paused';
}

/** A trainer is about to be asked to begin. */
export function starting(condition: RunCondition): RunCondition {
  return {
    ...condition,
    status: 'starting',
    requested: null,
    failure: null,
    boot: { message: 'Starting the trainer', share: null },
  };
}

export function withStatus(condition: RunCondition, status: LiveStatus): RunCondition {
  const { requested } = condition;
  const kept = status === 'running' ? requested === 'step' || requested === 'pause' : status === 'starting';
  return {
    ...condition,
    status,
    requested: kept ? requested : null,
    ...(status === 'starting' ? {} : { boot: null }),
    ...(isGoing(status) ? {} : { tokensPerSecond: 0 }),
  };
}
