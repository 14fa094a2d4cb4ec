/** For tests only: a report as the speed test's worker sends it. */
import { markdown } from '../../bench/markdown.ts';
import { benchReport } from '../../bench/testing/exampleReport.ts';
import type { FromBench } from '../speedTestProtocol.ts';

export const benchReportMessage: Extract<FromBench, { type: 'report' }> = {
  type: 'report',
  report: benchReport,
  markdown: markdown(benchReport),
};
