// What the rollout kernels share: one Slot per sequence in flight, the session's settings, the statuses.
struct Slot {
  token: u32,        // the newest token, not yet in the cache
  position: u32,     // its position; the sequence has position + 1 tokens
  id: u32,           // selects the sequence's random numbers
  status: u32,
}

struct Rollout {
  seed: u32,
  context: u32,      // longest sequence
  stride: u32,       // positions a slot's cache can hold
  chunk: u32,        // places for new tokens a slot has in `output`
  temperature: f32,  // 0: greedy
  topP: f32,
  pad0: u32,
  pad1: u32,
}

const IDLE: u32 = 0u;
const RUNNING: u32 = 1u;
const TURN: u32 = 2u;    // a turn-end token was sampled: frozen until the CPU forces tokens
const ENDED: u32 = 3u;   // an end token was sampled
const FULL: u32 = 4u;    // the context is full
