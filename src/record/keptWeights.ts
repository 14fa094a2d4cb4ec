/**
 * The policy's weights at some rounds of a recorded run, in files beside it: what can be asked, or looked into, later.
 *
 * A run's file only names them: `round-n.safetensors` (float16), in the folder of the CLI's run.json, or in `runs/<name>/` for the recording
 * `runs/<name>.json.gz` that comes with the page.
 */
import { z } from 'zod';

export const keptWeightsSchema = z.object({
  /** Rollout batches behind them: the weights as the updates of that round left them, or the cold start. */
  round: z.int().min(0).max(999_999),
  file: z.string().regex(/^round-\d{1,6}\.safetensors$/),
});
export type KeptWeights = z.output<typeof keptWeightsSchema>;

export const keptWeightsFile = (round: number): string => `round-${round}.safetensors`;

/**
 * Rounds whose weights are kept: the cold start's last, the run's last, and others evenly between.
 * @param coldStart rounds behind the cold start
 * @param steps of reinforcement learning, both stages
 * @param count how many are wanted; fewer where there are fewer rounds
 */
export function keptRounds(coldStart: number, steps: number, count: number): readonly number[] {
  const parts = Math.min(count - 1, steps);
  if (count <= 0) return [];
  if (parts <= 0) return [coldStart + steps];
  return Array.from({ length: parts + 1 }, (_, i) => coldStart + Math.round((i * steps) / parts));
}

/** Where the weights of a recording that comes with the page lie. @param recording its file, e.g. `quick-dense.json.gz` */
export function recordingWeightsPath(recording: string, { file }: KeptWeights): string {
  return `runs/${recording.replace(/\.json(\.gz)?$/, '')}/${file}`;
}
