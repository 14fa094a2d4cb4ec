/**
 * Every setting of a run, and what it is called in verl 0.9 and TRL 1.16; or why it has no name there.
 *
 * Invariant (recipe.test.ts): every setting of train/settings.ts stands here once. `null` means that the tool has no such setting, and the
 * note says what becomes of it.
 */
export interface SettingMapping {
  readonly path: string;
  readonly verl: string | null;
  readonly trl: string | null;
  readonly note?: string;
}

const rollout = 'actor_rollout_ref.rollout';
const actor = 'actor_rollout_ref.actor';

const data = 'in the exported data';
const made = (path: string): SettingMapping => ({ path, verl: data, trl: data });
const none = (path: string, note: string): SettingMapping => ({ path, verl: null, trl: null, note });
const same = (path: string, verl: string | null, trl: string | null, note?: string): SettingMapping =>
  note === undefined ? { path, verl, trl } : { path, verl, trl, note };

export const settingMappings: readonly SettingMapping[] = [
  same('run.seed', 'data.seed', 'seed', 'names other draws there; the data is the run’s own'),
  none('run.backend', 'an engine of the lab'),
  same('policy.preset', 'the folder base', 'the folder base'),
  same('policy.base', 'the folder base', 'the folder base'),
  same('policy.shape', 'the folder base', 'the folder base'),
  ...['family', 'valueMax', 'operations', 'firstLetter', 'coldStartMinLength', 'coldStartMaxLength'].map(
    (key) => made(`task.${key}`),
  ),
  made('task.trainProblems'),
  ...['trajectories', 'denseWeight', 'sparseWeight', 'naturalWeight', 'selectiveWeight', 'denseShares'].map(
    (key) => made(`teacher.${key}`),
  ),
  ...['checksMin', 'checksMax', 'checkKind', 'slipRate', 'badCallRate'].map((key) => made(`teacher.${key}`)),
  ...['sparseMax', 'denseMin', 'bin', 'keepZero', 'size'].map((key) => made(`curation.${key}`)),
  none('sandbox.deadlineMs', 'calculator.py runs sums only, which end at once'),
  same('sandbox.maxCodeLength', 'calculator.py LONGEST_CODE', 'calculator.py LONGEST_CODE'),
  same('sandbox.maxOutputLength', 'calculator.py LONGEST_OUTPUT', 'calculator.py LONGEST_OUTPUT'),
  same('optimizer.beta1', `${actor}.optim.betas`, 'adam_beta1'),
  same('optimizer.beta2', `${actor}.optim.betas`, 'adam_beta2'),
  same('optimizer.epsilon', `${actor}.optim.override_optimizer_config.eps`, 'adam_epsilon'),
  same('optimizer.maxGradNorm', `${actor}.optim.clip_grad`, 'max_grad_norm'),
  same(
    'sft.epochs',
    'trainer.total_epochs',
    'num_train_epochs',
    'verl takes whole epochs: trainer.total_training_steps says the rest',
  ),
  same('sft.batchSize', 'data.train_batch_size', 'per_device_train_batch_size'),
  same('sft.learningRate', 'optim.lr', 'learning_rate'),
  same('sft.warmupSteps', 'optim.lr_warmup_steps', 'warmup_steps'),
  same(
    'sft.finalRatio',
    'optim.min_lr_ratio, lr_scheduler_type cosine',
    'lr_scheduler_kwargs.min_lr_rate, cosine_with_min_lr',
  ),
  same(
    'sft.weightDecay',
    'optim.weight_decay',
    'weight_decay',
    'the lab decays matrices only, without the embedding; verl decays everything, TRL all but norms',
  ),
  none('sft.probes', 'sampling during the cold start, for a plot'),
  same('grpo.groupSize', `${rollout}.n`, 'num_generations'),
  same(
    'grpo.promptsPerStep',
    'data.train_batch_size',
    'per_device_train_batch_size x steps_per_generation / num_generations',
  ),
  same(
    'grpo.miniBatches',
    `${actor}.ppo_mini_batch_size (prompts)`,
    'steps_per_generation, num_iterations 1',
  ),
  same('grpo.learningRate', `${actor}.optim.lr`, 'learning_rate'),
  same(
    'grpo.warmupSteps',
    `${actor}.optim.lr_warmup_steps`,
    'warmup_steps',
    'per rollout batch in the lab and in verl, per optimizer step in TRL',
  ),
  same('grpo.weightDecay', `${actor}.optim.weight_decay`, 'weight_decay'),
  same('grpo.clipLow', `${actor}.clip_ratio_low`, 'epsilon'),
  same('grpo.clipHigh', `${actor}.clip_ratio_high`, 'epsilon_high'),
  same(
    'grpo.dualClip',
    `${actor}.clip_ratio_c`,
    'delta',
    'TRL clamps the ratio for both signs of the advantage, the lab and verl for the negative one',
  ),
  same(
    'grpo.tisCap',
    'algorithm.rollout_correction.rollout_is token, rollout_is_threshold',
    'vllm_importance_sampling_mode token_truncate, _clip_max',
    'in TRL only with vLLM: without it sampler and trainer are the same',
  ),
  same(
    'grpo.klCoefficient',
    `${actor}.use_kl_loss, kl_loss_coef, kl_loss_type low_var_kl`,
    'beta, use_bias_correction_kl false',
  ),
  same('grpo.entropyCoefficient', `${actor}.entropy_coeff`, 'entropy_coef'),
  same('grpo.normaliseByStd', 'algorithm.norm_adv_by_std_in_grpo', 'scale_rewards group or none'),
  same('grpo.callBonus', 'rewards.py CALL_BONUS', 'rewards.py CALL_BONUS'),
  none('grpo.voidTurnFilter', 'no key in either; mask_truncated_completions of TRL is near, and is left off'),
  same('grpo.temperature', `${rollout}.temperature`, 'temperature'),
  same(
    'grpo.callBudget',
    `${rollout}.multi_turn.max_assistant_turns = calls + 1`,
    'max_tool_calling_iterations',
  ),
  ...(['stage1', 'stage2'] as const).flatMap((stage) => [
    same(
      `${stage}.steps`,
      `${stage}.yaml: trainer.total_training_steps`,
      `${stage}.json: max_steps = steps x miniBatches`,
    ),
    made(`${stage}.minLength`),
    made(`${stage}.maxLength`),
    same(
      `${stage}.context`,
      `${stage}.yaml: ${rollout}.max_model_len, data.max_response_length`,
      `${stage}.json: max_completion_length = context - mean prompt`,
      'the lab’s context has the prompt in it',
    ),
    same(
      `${stage}.finalRatio`,
      `${stage}.yaml: ${actor}.optim.min_lr_ratio, lr_scheduler_type cosine below 1`,
      `${stage}.json: lr_scheduler_kwargs.min_lr_rate, cosine_with_min_lr below 1`,
    ),
  ]),
  same('stage2.longShare', 'stage2_mix.json', 'stage2_mix.json'),
  none('probe.problems', 'the same few problems asked again after every round, for the page'),
  same('evaluation.problems', 'data.val_files', null, 'data/validation; TRL is given no evaluation'),
  same('evaluation.samples', `${rollout}.val_kwargs.n`, null),
  same('evaluation.temperature', `${rollout}.val_kwargs.temperature`, null),
  same('evaluation.topP', `${rollout}.val_kwargs.top_p`, null),
  none('evaluation.alsoAsTrained', 'one way of sampling at validation there'),
  none('evaluation.benchmarks', 'only the same range is exported'),
  none('evaluation.shortContext', 'validation there has the stage’s own context'),
  none('evaluation.shortCalls', 'validation there has the stage’s own budget'),
  none('evaluation.longContext', 'validation there has the stage’s own context'),
  none('evaluation.longCalls', 'validation there has the stage’s own budget'),
  same('evaluation.afterColdStart', 'trainer.val_before_train', null),
  ...['share', 'calls', 'patience', 'sample'].map((key) =>
    none(
      `collapse.${key}`,
      'the alarm is the lab’s; calls are logged there as tools/call_frequency (TRL) and num_turns (verl)',
    ),
  ),
];

/** The table of MAPPING.md, with the run's values. */
export function mappingTable(tool: 'verl' | 'trl', value: (path: string) => unknown): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = settingMappings.map((mapping) => {
    const name = mapping[tool];
    return `| \`${mapping.path}\` | ${cell(String(value(mapping.path)))} | ${name === null ? 'not mapped' : cell(name)} | ${cell(mapping.note ?? '')} |`;
  });
  return ['| setting | value | there | note |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
