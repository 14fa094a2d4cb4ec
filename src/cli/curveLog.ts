/**
 * A run's curves as they grow: metrics.jsonl in flat lines, and the same numbers for TensorBoard in an event file beside it.
 *
 * Invariant (curveLog.test.ts): the event file says what metrics.jsonl says. A run that is taken up again has its log cut to the checkpoint
 * (runFolder.ts), and the event file is written again from what is left; a line that was damaged is passed over, as the folder has said so.
 * The axis goes on from the recording, so a log that was lost does not move it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../foreign/json.ts';
import { curvePoint, metricLine, StepAxis, stepsBehind } from '../export/metricLines.ts';
import { eventFileHead, eventRecord } from '../export/tfevents.ts';
import type { RunEvent } from '../train/events.ts';
import type { RunSettings } from '../train/settings.ts';
import type { RunView } from '../record/runView.ts';
import type { CheckpointMark, RunFolder } from './runFolder.ts';

export const eventFileName = 'events.out.tfevents.aster-lab';

export class CurveLog {
  readonly #folder: RunFolder;
  readonly #axis: StepAxis;

  /**
   * @param folder claimed, and cut to where the run goes on
   * @param phases of the run by then
   * @throws DiskError
   */
  constructor(folder: RunFolder, settings: RunSettings, phases: RunView['phases']) {
    this.#folder = folder;
    this.#axis = new StepAxis(settings, stepsBehind(phases));
    const points = earlierLines(join(folder.path, 'metrics.jsonl'))
      .map(curvePoint)
      .filter((point) => point !== null);
    const records = [eventFileHead(points[0]?.time ?? now()), ...points.map(eventRecord)];
    folder.rewrite(eventFileName, Buffer.concat(records));
  }

  /** @param seconds of run time. @throws DiskError */
  add(event: RunEvent, seconds: number): void {
    const line = metricLine(event, this.#axis, rounded(seconds), rounded(now()));
    if (line === null) return;
    this.#folder.append('metrics.jsonl', line);
    const point = curvePoint(line);
    if (point !== null) this.#folder.extend(eventFileName, eventRecord(point));
  }

  /** Where a checkpoint stands that is taken now. @param seconds of run time */
  mark(seconds: number): CheckpointMark {
    return { step: this.#axis.step, seconds: rounded(seconds), time: rounded(now()) };
  }
}

const now = () => Date.now() / 1000;
const rounded = (seconds: number) => Math.round(seconds * 100) / 100;

const lineSchema = z.record(z.string(), z.unknown());

function earlierLines(path: string): Record<string, unknown>[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text) => {
      const parsed = parseJson(text);
      const line = lineSchema.safeParse(parsed.ok ? parsed.json : null);
      return line.success ? [line.data] : [];
    });
}
