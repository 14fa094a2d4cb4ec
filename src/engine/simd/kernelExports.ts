/**
 * What the compiled kernels offer, as JavaScript sees it: addresses and counts are numbers. Shapes stand in `assembly/`.
 *
 * The names and the order of the parameters are those of `assembly/index.ts`.
 */

/** Bytes from the start of the memory; 0 stands for none. */
export type Address = number;

export interface KernelExports {
  allocate(bytes: number): Address;
  release(address: Address): void;

  createModel(
    vocabulary: number,
    dModel: number,
    layers: number,
    heads: number,
    kvHeads: number,
    headDim: number,
    dFfn: number,
    epsilon: number,
  ): Address;
  modelOffsets(model: Address): Address;
  setRope(model: Address, rope: Address): void;
  packedFloats(model: Address): number;
  packForward(model: Address, flat: Address, packed: Address): void;
  packBackward(model: Address, flat: Address, packed: Address): void;

  createWorkspace(model: Address, rows: number, longest: number, trains: number): Address;
  releaseWorkspace(workspace: Address): void;
  workspaceLogits(workspace: Address): Address;

  createWeights(flat: Address, forward: Address, backward: Address): Address;
  createBatch(tokens: Address, targets: Address, rowStats: Address, objective: Address): Address;
  objective(
    at: Address,
    kind: number,
    inverseCount: number,
    temperature: number,
    clipLow: number,
    clipHigh: number,
    dualClip: number,
    tisCap: number,
    entropyCoefficient: number,
    klCoefficient: number,
  ): Address;
  forwardRows(
    model: Address,
    weights: Address,
    batch: Address,
    workspace: Address,
    firstRow: number,
    rows: number,
  ): void;
  sumGradients(slots: Address, count: number, size: number): void;
  sumSquares(gradient: Address, size: number): number;
  adamW(
    gradient: Address,
    decayed: Address,
    parameters: Address,
    m: Address,
    v: Address,
    size: number,
    clip: number,
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    weightDecay: number,
    correction1: number,
    correction2: number,
  ): void;

  cacheKeyFloats(model: Address, positions: number): number;
  cacheValueFloats(model: Address, positions: number): number;
  createRollout(
    model: Address,
    weights: Address,
    slots: Address,
    keys: Address,
    values: Address,
    stopKinds: Address,
    output: Address,
    slotCount: number,
    positions: number,
    chunk: number,
    seed: number,
    context: number,
    temperature: number,
    topP: number,
  ): Address;
  copySlot(rollout: Address, from: number, to: number, count: number): void;

  createTeam(threads: number): Address;
  joined(team: Address): number;
  /** `taskStatus`, as `awaitTasks` returns. */
  runTasks(team: Address, tasks: Address, count: number, workspaces: Address, mayWait: number): number;
  awaitTasks(team: Address, mayWait: number): number;
  serve(team: Address, index: number): void;
  fail(team: Address): void;
  disband(team: Address): void;
  useThreads(team: Address, active: number): void;
}

/** Single kernels, which only their tests and the speed test call. */
export interface TestedKernels {
  panelFloats(n: number, k: number): number;
  packRows(b: Address, stride: number, panels: Address, n: number, k: number): void;
  packColumns(b: Address, stride: number, panels: Address, n: number, k: number): void;
  product(
    a: Address,
    strideA: number,
    panels: Address,
    panelBytes: number,
    c: Address,
    strideC: number,
    added: Address,
    m: number,
    n: number,
    k: number,
  ): void;
  transposedProduct(
    a: Address,
    strideA: number,
    panels: Address,
    c: Address,
    strideC: number,
    added: Address,
    m: number,
    n: number,
    k: number,
  ): void;
  embedding(table: Address, tokens: Address, x: Address, rows: number, d: number): void;
  embeddingBackward(dx: Address, tokens: Address, dTable: Address, rows: number, d: number): void;
  rmsNorm(
    x: Address,
    weight: Address,
    y: Address,
    inverseRms: Address,
    rows: number,
    d: number,
    epsilon: number,
  ): void;
  rmsNormBackward(
    dy: Address,
    x: Address,
    weight: Address,
    inverseRms: Address,
    dx: Address,
    dWeight: Address,
    rows: number,
    d: number,
    add: number,
  ): void;
  qkNormRope(
    qkv: Address,
    weight: Address,
    rope: Address,
    tokens: Address,
    qk: Address,
    inverseRms: Address,
    rows: number,
    heads: number,
    kvHeads: number,
    headDim: number,
    epsilon: number,
  ): void;
  qkNormRopeBackward(
    qkv: Address,
    weight: Address,
    rope: Address,
    tokens: Address,
    inverseRms: Address,
    dQkv: Address,
    dWeight: Address,
    rows: number,
    heads: number,
    kvHeads: number,
    headDim: number,
  ): void;
  attentionScratchFloats(length: number, headDim: number): number;
  attention(
    qk: Address,
    qkv: Address,
    attended: Address,
    softmax: Address,
    length: number,
    heads: number,
    kvHeads: number,
    headDim: number,
    scratch: Address,
  ): void;
  attentionBackward(
    qk: Address,
    qkv: Address,
    softmax: Address,
    dAttended: Address,
    dQkv: Address,
    length: number,
    heads: number,
    kvHeads: number,
    headDim: number,
    scratch: Address,
  ): void;
  swiglu(gateUp: Address, activation: Address, rows: number, width: number): void;
  swigluBackward(gateUp: Address, dActivation: Address, dGateUp: Address, rows: number, width: number): void;
  loss(
    objective: Address,
    tokens: Address,
    targets: Address,
    logits: Address,
    rowStats: Address,
    rows: number,
    firstRow: number,
    vocabulary: number,
    stride: number,
  ): void;
  keyFloats(positions: number, kvHeads: number, headDim: number): number;
  valueFloats(positions: number, kvHeads: number, headDim: number): number;
  appendToCache(
    qk: Address,
    qkv: Address,
    tokens: Address,
    keys: Address,
    values: Address,
    rows: number,
    positions: number,
    heads: number,
    kvHeads: number,
    headDim: number,
  ): void;
  copyInCache(
    keys: Address,
    values: Address,
    from: number,
    to: number,
    count: number,
    positions: number,
    kvHeads: number,
    headDim: number,
  ): void;
  cachedAttention(
    qk: Address,
    tokens: Address,
    keys: Address,
    values: Address,
    attended: Address,
    rows: number,
    positions: number,
    heads: number,
    kvHeads: number,
    headDim: number,
    scratch: Address,
  ): void;
  sampleToken(
    logits: Address,
    vocabulary: number,
    temperature: number,
    topP: number,
    uniform: number,
    weights: Address,
    logProb: Address,
  ): number;
  uniformAt(seed: number, sequence: number, position: number): number;
}
