// AdamW's settings for one step.
struct Optimizer {
  learningRate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  weightDecay: f32,
  maxGradNorm: f32,
  correction1: f32, // 1 - beta1^step
  correction2: f32, // 1 - beta2^step
  // The same if the step before this one, whose outcome the CPU did not know yet, turns out to have been skipped: then this is `step - 1`.
  lateCorrection1: f32,
  lateCorrection2: f32,
  skippedBefore: f32, // skipped steps that the CPU knows of
  padding: f32,
}
