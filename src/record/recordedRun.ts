/**
 * A run as it was recorded: what made it, what was measured, and a sample of what was read and written. `runFile.ts` writes and reads it.
 */
import type { EngineDescription, MemoryPart } from '../engine/engine.ts';
import type { RunSettings } from '../train/settings.ts';
import type { RecordedSeries } from './runSeries.ts';
import type { RunView } from './runView.ts';

/** What runs, where and why. */
export interface EngineView extends Omit<EngineDescription, 'backend'> {
  readonly backend: string; // a file may name one that is no more
  /** What it plans to hold in graphics memory, once a run has built it and where it has a plan. */
  readonly memory?: readonly MemoryPart[] | undefined;
}

/** Software that made a run. */
export interface Origin {
  /** Package versions by name, the lab's own among them. */
  readonly versions: Readonly<Record<string, string>>;
  readonly userAgent: string;
  /** The commit of its sources, where they lay in a git checkout. */
  readonly commit?: string | undefined;
}

export interface RecordedRun {
  readonly recordedAt: string; // ISO
  readonly origin: Origin;
  readonly settings: RunSettings;
  readonly presetName: string;
  /** The base policy that it began from, and the SHA-256 of that base's file where it was computed. */
  readonly base?: { readonly name: string; readonly sha256: string | null } | undefined;
  readonly engine: EngineView | null;
  readonly sandbox: string | null;
  readonly parameters: number | null;
  readonly elapsedSeconds: number;
  readonly tokensPerSecond: number;
  readonly view: RunView;
  readonly series: RecordedSeries;
}
