/** For tests only: a report as the benchmark's worker sends it. */
import { markdown } from '../bench/markdown.ts';
import { benchReport } from '../bench/report.fixture.ts';
import type { FromBench } from './benchProtocol.ts';

export const benchReportMessage: Extract<FromBench, { type: 'report' }> = {
  type: 'report',
  report: benchReport,
  markdown: markdown(benchReport),
};
