/**
 * How much of a file from elsewhere is read, in one place. A file may come from a stranger: each parser asks here before it allocates, and
 * refuses in a sentence what is beyond. Every limit is several times what the lab's own settings can write.
 */

/** Bytes of text that is read, unpacked. A run of the largest preset takes a tenth of it. */
export const textBytes = 32 * 2 ** 20;
/** The same for small files that lie beside the page: lists, lessons, cards. */
export const smallTextBytes = 2 ** 20;
/** Values in a JSON text: numbers, strings, lists, objects. A minute of `quick` has 0.24 million. */
export const jsonValues = 3_000_000;
/** Lists and objects within each other. The lab's own files have 8. */
export const jsonDepth = 32;

/** Characters of a name or a title, and of any other text that a file holds. */
export const nameLength = 400;
export const textLength = 20_000;

/** Rollout batches and optimizer steps, and whatever else is counted: more than any run reaches. */
export const counted = 1e9;
/** The largest float32. What no float32 holds is no measurement, and no chart has an axis for it. */
export const float32 = 3.4028234663852886e38;

/** Points of a curve: the steps of a cold start, or its probes and both stages' rounds. */
export const points = 200_000;
/** Bars of a histogram: a call count, or a share. */
export const bars = 4096;
/** Rounds of which a file keeps trajectories, and trajectories in one of them. */
export const keptRounds = 20_000;
export const roundTrajectories = 8192;
/** Problems that a file's trajectories may belong to. */
export const problems = 200_000;
/** Curated trajectories. */
export const curated = 4096;
/** Tool calls of a trajectory: each takes tokens, of which there are at most 2,048. */
export const trajectoryCalls = 1024;
/** Steps of a problem. */
export const problemSteps = 64;
/** Rows of a table of results: benchmarks, budgets, temperatures. */
export const results = 1024;
/** Runs of a study. */
export const studyRuns = 1000;
/** Saves of one kept run. */
export const saves = 1000;

/** Of an address, characters; and corrections of it that are told one by one. */
export const addressLength = 16_384;
export const addressNotices = 12;

/** A safetensors file: its header in bytes, its tensors, and the dimensions of one. */
export const headerBytes = 4 * 2 ** 20;
export const tensors = 20_000;
export const dimensions = 8;
/** Files of a model from elsewhere together, unpacked, and how much smaller packed ones may be: more than deflate can do is a lie. */
export const modelBytes = 2 ** 28;
export const packedShare = 1100;
/** Files that somebody chose to begin from, packed or not, before any is read; and the shards of one model. */
export const chosenBytes = 2 ** 30;
export const shards = 128;
/** A policy's shape, each far above the largest preset. */
export const policy = {
  vocabularySize: 1_000_000,
  hiddenSize: 65_536,
  layers: 512,
  heads: 1024,
  headDim: 4096,
  intermediateSize: 262_144,
} as const;
