/**
 * A small probe for tests and stories: the scripted teacher plays a policy that gives its tool up (`sparse`) or keeps it (`dense`).
 */
import { problemFamily } from '../../tasks/families.ts';
import { probeProblems } from '../../tasks/problems.ts';
import { planCode, planTrajectory } from '../../tasks/teacher.ts';
import { runArithmetic } from '../../tasks/testing/arithmetic.ts';
import { chainTask, faultless } from '../../tasks/testing/teacher.ts';
import { transcribePlan } from '../../tasks/transcript.ts';
import { reward } from '../../tasks/verifier.ts';
import { Random } from '../../random/random.ts';
import type { ProbePhase } from '../../train/events.ts';
import { withProbeRound, type ProbeView } from '../probe.ts';

/** Rounds 8 (after the cold start) to 28: ten of stage 1, ten of stage 2. Both arms are asked the same four problems. */
export function exampleProbe(arm: 'dense' | 'sparse', seed = 1): ProbeView {
  const problems = probeProblems(chainTask, { min: 4, max: 6 }, seed, 4);
  let probe: ProbeView | null = null;
  for (let round = 8; round <= 28; round++) {
    const phase: ProbePhase = round === 8 ? 'sft' : round <= 18 ? 'stage1' : 'stage2';
    const trajectories = problems.map((problem, prompt) => {
      const random = new Random(seed).fork('example probe', arm, round, prompt);
      // The checks of a sparse policy go one after the other, 3 to none.
      const checks = Math.max(0, 3 - Math.floor((round - 8 + prompt) / 4));
      const settings = { ...faultless, checksMin: checks, checksMax: checks };
      const plan = planTrajectory(problem, problemFamily(chainTask), arm, settings, random);
      const taught = transcribePlan(plan, planCode(plan).map(runArithmetic));
      const logProbs = taught.logProbs.map((_, i) =>
        taught.lossMask[i] === 1 ? Math.log(0.5 + 0.5 * random.uniform()) : 0,
      );
      const right = reward(problem, taught.tokens);
      return { ...taught, logProbs, reward: right, advantage: 0, prompt, sample: 0 };
    });
    probe = withProbeRound(probe, { round, phase, trajectories });
  }
  if (probe === null) throw new Error('The example has no round.');
  return probe;
}
