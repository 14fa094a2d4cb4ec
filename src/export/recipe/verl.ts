/**
 * verl's configs as YAML, over its own defaults. mapping.ts says which setting is which.
 */
import { longestContext, type RunSettings } from '../../train/settings.ts';
import type { RecipeNumbers } from './numbers.ts';
import { yaml, type Yaml } from './yaml.ts';

export function verlConfigs(
  settings: RunSettings,
  numbers: RecipeNumbers,
): readonly (readonly [string, string])[] {
  return [
    ['requirements.txt', 'verl==0.9.1\n'],
    ['sft.yaml', config('sft_trainer_engine', sftConfig(settings, numbers))],
    ['stage1.yaml', config('ppo_trainer', stageConfig(settings, 'stage1', numbers))],
    ['stage2.yaml', config('ppo_trainer', stageConfig(settings, 'stage2', numbers))],
  ];
}

/** @param base the config of verl's that this one is laid over */
function config(base: string, values: { readonly [key: string]: Yaml }): string {
  return `# Run in this folder. MAPPING.md says which setting of the lab is which key.
hydra:
  searchpath:
    - pkg://verl.trainer.config
defaults:
  - ${base}
  - _self_
${yaml(values)}`;
}

function optimizerKeys({ optimizer }: RunSettings): { readonly [key: string]: Yaml } {
  const { beta1, beta2, maxGradNorm, epsilon } = optimizer;
  return { betas: [beta1, beta2], clip_grad: maxGradNorm, override_optimizer_config: { eps: epsilon } };
}

function sftConfig(
  settings: RunSettings,
  { coldStartTrajectories }: RecipeNumbers,
): { readonly [key: string]: Yaml } {
  const { run, sft } = settings;
  const steps = Math.round((sft.epochs * coldStartTrajectories) / sft.batchSize);
  return {
    model: { path: 'base' },
    data: {
      train_files: 'data/sft.parquet',
      train_batch_size: sft.batchSize,
      micro_batch_size_per_gpu: sft.batchSize,
      max_length: longestContext(settings),
    },
    optim: {
      ...optimizerKeys(settings),
      lr: sft.learningRate,
      lr_warmup_steps: sft.warmupSteps,
      lr_scheduler_type: 'cosine',
      min_lr_ratio: sft.finalRatio,
      weight_decay: sft.weightDecay,
    },
    engine: { model_dtype: 'fp32' },
    checkpoint: { save_contents: ['model', 'hf_model'] },
    trainer: {
      ...{ project_name: 'aster-lab', experiment_name: 'cold-start', seed: run.seed, logger: ['console'] },
      total_epochs: Math.ceil(sft.epochs),
      total_training_steps: steps,
      save_freq: steps,
    },
  };
}

function stageConfig(
  settings: RunSettings,
  name: 'stage1' | 'stage2',
  { prompts }: RecipeNumbers,
): { readonly [key: string]: Yaml } {
  const { run, grpo, evaluation } = settings;
  const stage = settings[name];
  const { longest } = prompts[name];
  return {
    algorithm: {
      adv_estimator: 'grpo',
      norm_adv_by_std_in_grpo: grpo.normaliseByStd,
      use_kl_in_reward: false,
      rollout_correction: { rollout_is: 'token', rollout_is_threshold: grpo.tisCap },
    },
    data: {
      train_files: `data/${name}.parquet`,
      val_files: 'data/validation.parquet',
      train_batch_size: grpo.promptsPerStep,
      max_prompt_length: longest,
      max_response_length: stage.context - longest,
      return_raw_chat: true,
      seed: run.seed,
    },
    actor_rollout_ref: {
      model: { path: name === 'stage1' ? 'cold-start' : 'stage1' },
      actor: {
        ppo_mini_batch_size: Math.ceil(grpo.promptsPerStep / grpo.miniBatches),
        ppo_micro_batch_size_per_gpu: grpo.groupSize,
        ppo_epochs: 1,
        clip_ratio_low: grpo.clipLow,
        clip_ratio_high: grpo.clipHigh,
        clip_ratio_c: grpo.dualClip,
        loss_agg_mode: 'token-mean',
        entropy_coeff: grpo.entropyCoefficient,
        use_kl_loss: grpo.klCoefficient > 0,
        kl_loss_coef: grpo.klCoefficient,
        kl_loss_type: 'low_var_kl',
        grad_clip: settings.optimizer.maxGradNorm,
        optim: {
          ...optimizerKeys(settings),
          lr: grpo.learningRate,
          lr_warmup_steps: grpo.warmupSteps,
          ...(stage.finalRatio < 1
            ? { lr_scheduler_type: 'cosine', min_lr_ratio: stage.finalRatio }
            : { lr_scheduler_type: 'constant' }),
          weight_decay: grpo.weightDecay,
        },
      },
      rollout: {
        name: 'vllm',
        dtype: 'float32',
        n: grpo.groupSize,
        temperature: grpo.temperature,
        top_p: 1,
        top_k: -1,
        max_model_len: stage.context,
        log_prob_micro_batch_size_per_gpu: grpo.groupSize,
        tensor_model_parallel_size: 1,
        calculate_log_probs: true,
        multi_turn: {
          enable: true,
          max_assistant_turns: grpo.callBudget + 1,
          max_parallel_calls: 1,
          function_tool_path: 'aster_tool.py',
          format: 'aster',
        },
        agent: { default_agent_loop: 'tool_agent' },
        val_kwargs: {
          do_sample: evaluation.temperature > 0,
          temperature: evaluation.temperature,
          top_p: evaluation.topP,
          n: evaluation.samples,
        },
      },
      ref: { log_prob_micro_batch_size_per_gpu: grpo.groupSize },
    },
    reward: { custom_reward_function: { path: 'aster_reward.py', name: 'compute_score' } },
    trainer: {
      ...{
        project_name: 'aster-lab',
        experiment_name: name,
        logger: ['console'],
        n_gpus_per_node: 1,
        nnodes: 1,
      },
      total_training_steps: stage.steps,
      save_freq: stage.steps,
      test_freq: stage.steps,
      val_before_train: evaluation.afterColdStart,
    },
  };
}
