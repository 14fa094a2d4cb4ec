// What every kernel of a forward or backward pass knows about the micro-batch; written once per submit by the CPU.
struct Batch {
  tokens: u32,       // rows in use; every other row of a buffer is stale
  accumulate: u32,   // 1: add to the gradient partials, 0: overwrite them (first micro-batch)
  splitTokens: u32,  // rows that one gradient partial sums over
  objective: u32,    // 0 log-probabilities only, 1 SFT, 2 GRPO
  inverseCount: f32, // 1 / masked-in tokens of the whole batch
  temperature: f32,
  clipLow: f32,
  clipHigh: f32,
  dualClip: f32,
  tisCap: f32,
  entropyCoefficient: f32,
  klCoefficient: f32,
}
