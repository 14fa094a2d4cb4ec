/**
 * TRL's configs: the arguments of SFTConfig and GRPOConfig as JSON. mapping.ts says which setting is which.
 */
import { longestContext, type RunSettings } from '../../train/settings.ts';
import { json } from '../modelFolder.ts';
import type { RecipeNumbers } from './numbers.ts';

export function trlConfigs(
  settings: RunSettings,
  numbers: RecipeNumbers,
): readonly (readonly [string, string])[] {
  return [
    ['requirements.txt', 'torch==2.15.0\ntransformers==5.24.0\ntrl==1.16.0\ndatasets==5.2.0\n'],
    ['sft.json', json(sftArguments(settings))],
    ['stage1.json', json(stageArguments(settings, 'stage1', numbers))],
    ['stage2.json', json(stageArguments(settings, 'stage2', numbers))],
  ];
}

function common({ run, optimizer }: RunSettings) {
  const { beta1, beta2, epsilon, maxGradNorm } = optimizer;
  return {
    seed: run.seed,
    ...{ adam_beta1: beta1, adam_beta2: beta2, adam_epsilon: epsilon, max_grad_norm: maxGradNorm },
    ...{
      bf16: false,
      gradient_checkpointing: false,
      report_to: 'none',
      logging_steps: 1,
      save_strategy: 'no',
    },
  };
}

function sftArguments(settings: RunSettings) {
  const { sft } = settings;
  return {
    ...common(settings),
    num_train_epochs: sft.epochs,
    per_device_train_batch_size: sft.batchSize,
    learning_rate: sft.learningRate,
    warmup_steps: sft.warmupSteps,
    lr_scheduler_type: 'cosine_with_min_lr',
    lr_scheduler_kwargs: { min_lr_rate: sft.finalRatio },
    weight_decay: sft.weightDecay,
    assistant_only_loss: true,
    max_length: longestContext(settings),
  };
}

function stageArguments(settings: RunSettings, name: 'stage1' | 'stage2', { prompts }: RecipeNumbers) {
  const { grpo } = settings;
  const stage = settings[name];
  return {
    ...common(settings),
    max_steps: stage.steps * grpo.miniBatches,
    num_generations: grpo.groupSize,
    per_device_train_batch_size: Math.ceil(grpo.promptsPerStep / grpo.miniBatches) * grpo.groupSize,
    steps_per_generation: grpo.miniBatches,
    num_iterations: 1,
    learning_rate: grpo.learningRate,
    ...(stage.finalRatio < 1
      ? {
          lr_scheduler_type: 'cosine_with_min_lr',
          lr_scheduler_kwargs: { min_lr_rate: stage.finalRatio },
        }
      : { lr_scheduler_type: 'constant_with_warmup' }),
    warmup_steps: grpo.warmupSteps * grpo.miniBatches,
    weight_decay: grpo.weightDecay,
    epsilon: grpo.clipLow,
    epsilon_high: grpo.clipHigh,
    delta: grpo.dualClip,
    loss_type: 'dapo',
    scale_rewards: grpo.normaliseByStd ? 'group' : 'none',
    beta: grpo.klCoefficient,
    use_bias_correction_kl: false,
    entropy_coef: grpo.entropyCoefficient,
    ...{ temperature: grpo.temperature, top_p: 1, top_k: 0 },
    max_completion_length: stage.context - Math.round(prompts[name].mean),
    max_tool_calling_iterations: grpo.callBudget,
    mask_truncated_completions: false,
    ...{ vllm_importance_sampling_mode: 'token_truncate', vllm_importance_sampling_clip_max: grpo.tisCap },
  };
}
