/** For tests only: a report as the speed test's worker sends it. */
import { markdown } from '../../bench/markdown.ts';
import { benchReport } from '../../bench/testing/exampleReport.ts';
import type { FromSpeedTest } from '../speedTestProtocol.ts';

export const speedTestReportMessage: Extract<FromSpeedTest, { type: 'report' }> = {
  type: 'report',
  report: benchReport,
  markdown: markdown(benchReport),
};
