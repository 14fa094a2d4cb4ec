// What the host calls: the memory, the model's passes, and each kernel by itself for its tests.
export { allocate, release } from './memory';
export { createModel, modelOffsets, packBackward, packedFloats, packForward, setRope } from './model/model';
export { createWorkspace, releaseWorkspace, workspaceLogits } from './model/workspace';
export { createBatch, createWeights, forwardRows } from './model/train';
export { cacheKeyFloats, cacheValueFloats, copySlot, createRollout, decode, prefill } from './model/decode';
export { awaitTasks, createTeam, disband, fail, joined, runTasks, serve, useThreads } from './threads/tasks';

export { attention, attentionScratchFloats } from './kernels/attention';
export { attentionBackward } from './kernels/attentionBackward';
export { cachedAttention } from './kernels/cachedAttention';
export { embedding, embeddingBackward } from './kernels/embedding';
export { appendToCache, copyInCache, keyFloats, valueFloats } from './kernels/keyValueCache';
export { loss, objective } from './kernels/loss';
export { adamW, sumGradients, sumSquares } from './kernels/optimizer';
export { packColumns, packRows, panelFloats } from './kernels/panels';
export { product, transposedProduct } from './kernels/product';
export { qkNormRope, qkNormRopeBackward } from './kernels/qkNormRope';
export { rmsNorm, rmsNormBackward } from './kernels/rmsNorm';
export { sampleToken, uniformAt } from './kernels/sample';
export { swiglu, swigluBackward } from './kernels/swiglu';
