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
}
