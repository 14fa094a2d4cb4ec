/**
 * What every part of the suite is told of the engine that it tests.
 */
import type { PolicyConfig } from '../../policy/config.ts';
import type { PolicyEngine } from '../engine.ts';

export type MakeEngine = (config: PolicyConfig) => Promise<PolicyEngine>;

/** `brief` is for a backend that differs from one tested in full only in who computes the same ops. */
export type Extent = 'full' | 'brief';

/** Time to start a backend on a busy machine. */
export const STARTING_MS = 120_000;
