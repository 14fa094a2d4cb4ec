/**
 * The terms of the field, each in a sentence or two, and the page's keys.
 */
export interface GlossaryEntry {
  readonly term: string;
  readonly meaning: string;
}

export const shortcuts: readonly { readonly key: string; readonly what: string }[] = [
  {
    key: 'Space',
    what: 'Train, pause or resume; play or pause a recorded run; unless a button or field has the focus',
  },
  { key: '.', what: 'Go one step, then pause; in a recorded run, one round' },
  { key: '?', what: 'This help' },
  { key: '← →', what: 'In a transcript: go from token to token. In a chart: from point to point' },
];

export const glossary: readonly GlossaryEntry[] = [
  {
    term: 'Interaction density',
    meaning: 'Tool calls per trajectory. The lab counts calls that were really sent to Python, not turns.',
  },
  {
    term: 'Interaction collapse',
    meaning:
      'Under reinforcement learning a policy stops calling its tool in many turns and falls back on long internal reasoning with at most a trivial check at the end.',
  },
  {
    term: 'Post-hoc check',
    meaning:
      'A call that only repeats what was already worked out in the head; it carries none of the computation.',
  },
  {
    term: 'Trajectory',
    meaning: 'The whole text of one sample: prompt, thoughts, calls, Python’s output, answer.',
  },
  {
    term: 'Cold start',
    meaning:
      'Supervised fine-tuning on a small curated set of trajectories before reinforcement learning. ASTER’s finding is that this set should be interaction-dense.',
  },
  {
    term: 'GRPO',
    meaning:
      'Group relative policy optimisation: sample a group of answers for each prompt, and make those more likely that did better than the group’s mean. It needs no value network.',
  },
  { term: 'Group', meaning: 'The G samples of one prompt, eight by default.' },
  {
    term: 'Advantage',
    meaning:
      'How much better a sample did than its group, in standard deviations. If all samples of a group got the same reward it is zero, and the group is dead: it teaches nothing.',
  },
  {
    term: 'Clip-Higher',
    meaning:
      'The probability ratio is clipped at 1 − 0.2 below but 1 + 0.28 above, which leaves unlikely tokens more room to become likely.',
  },
  {
    term: 'Dual clip',
    meaning: 'A bound on the loss of tokens with a negative advantage whose ratio has grown very large.',
  },
  {
    term: 'TIS',
    meaning:
      'Truncated importance sampling: corrects, up to a cap, for the small difference between the sampler’s probabilities and the trainer’s.',
  },
  {
    term: 'Sampled and forced tokens',
    meaning:
      'Sampled ones the policy chose; forced ones it was given (prompt and Python’s output). Only sampled tokens enter the loss.',
  },
  {
    term: 'mean@k, pass@k',
    meaning:
      'Over k samples a problem: the mean share of right ones, and the share of problems solved at least once.',
  },
  {
    term: 'Inference budget',
    meaning: 'How many tokens and calls a trajectory may use at evaluation.',
  },
];
