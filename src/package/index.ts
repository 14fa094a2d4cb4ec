/**
 * The lab as a library: the recipe, the engines, the sandbox and the files for other tools, without a page. Built by
 * `npm run build:library` into dist-library/, with types; example.mjs trains with it in ten lines.
 *
 * Nothing else of the sources is promised to stay as it is.
 */
export { runRecipe } from '../train/run.ts';
export type { RunDependencies } from '../train/context.ts';
export type { RunCheckpoint } from '../train/checkpoint.ts';
export type { RunEvent, RunTick, ScoredTrajectory } from '../train/events.ts';
export { readRunCheckpoint, writeRunCheckpoint } from '../train/checkpointFile.ts';
export { defaultSettings, runSettingsSchema, type RunSettings } from '../train/settings.ts';
export { validateSettings } from '../train/validate.ts';
export { runPolicy } from '../train/runPolicy.ts';
export { trainingData, type TrainingData } from '../train/trainingData.ts';
export { presetSettings, presets } from '../recipes/presets.ts';
export { metrics, type MetricName, type MetricValues } from '../metrics/registry.ts';

export type { PolicyConfig, NamedTensors } from '../policy/config.ts';
export { CheckpointError } from '../policy/safetensors.ts';
export type { PolicyEngine } from '../engine/engine.ts';
export { createSimdEngine, type SimdEngineOptions } from '../engine/simd/simdEngine.ts';
export { createWgslEngine, type WgslEngineOptions } from '../engine/wgsl/wgslEngine.ts';

export type { Sandbox, SandboxSettings, ExecutionResult } from '../sandbox/sandbox.ts';
export { createNodeSandbox } from '../sandbox/nodeSandbox.ts';

export { modelFolder, type ModelSource, type FolderFiles } from '../export/modelFolder.ts';
export { readModel, policySettings, type ReadModel } from '../export/readModel.ts';
export { datasetFiles, rolloutDataset, trainingDatasets, type Dataset } from '../export/datasets.ts';
export { metricLine, StepAxis, stepsBehind } from '../export/metricLines.ts';
