/** Every `.wgsl` file of the engine by name: one operation each, its backward beside it. */
import adamw from './kernels/adamw.wgsl?raw';
import attention from './kernels/attention.wgsl?raw';
import attentionBackwardKv from './kernels/attentionBackwardKv.wgsl?raw';
import attentionBackwardQ from './kernels/attentionBackwardQ.wgsl?raw';
import batch from './kernels/batch.wgsl?raw';
import columnSum from './kernels/columnSum.wgsl?raw';
import embedding from './kernels/embedding.wgsl?raw';
import embeddingBackward from './kernels/embeddingBackward.wgsl?raw';
import gradientNorm from './kernels/gradientNorm.wgsl?raw';
import gradientSum from './kernels/gradientSum.wgsl?raw';
import loss from './kernels/loss.wgsl?raw';
import matmul from './kernels/matmul.wgsl?raw';
import optimizer from './kernels/optimizer.wgsl?raw';
import qkNormRope from './kernels/qkNormRope.wgsl?raw';
import qkNormRopeBackward from './kernels/qkNormRopeBackward.wgsl?raw';
import qkNormWeightGradient from './kernels/qkNormWeightGradient.wgsl?raw';
import rmsNorm from './kernels/rmsNorm.wgsl?raw';
import rmsNormBackward from './kernels/rmsNormBackward.wgsl?raw';
import rmsNormWeightGradient from './kernels/rmsNormWeightGradient.wgsl?raw';
import rowSum from './kernels/rowSum.wgsl?raw';
import stats from './kernels/stats.wgsl?raw';
import swiglu from './kernels/swiglu.wgsl?raw';
import swigluBackward from './kernels/swigluBackward.wgsl?raw';

export const kernelFiles: Readonly<Record<string, string>> = {
  'adamw.wgsl': adamw,
  'attention.wgsl': attention,
  'attentionBackwardKv.wgsl': attentionBackwardKv,
  'attentionBackwardQ.wgsl': attentionBackwardQ,
  'batch.wgsl': batch,
  'columnSum.wgsl': columnSum,
  'embedding.wgsl': embedding,
  'embeddingBackward.wgsl': embeddingBackward,
  'gradientNorm.wgsl': gradientNorm,
  'gradientSum.wgsl': gradientSum,
  'loss.wgsl': loss,
  'matmul.wgsl': matmul,
  'optimizer.wgsl': optimizer,
  'qkNormRope.wgsl': qkNormRope,
  'qkNormRopeBackward.wgsl': qkNormRopeBackward,
  'qkNormWeightGradient.wgsl': qkNormWeightGradient,
  'rmsNorm.wgsl': rmsNorm,
  'rmsNormBackward.wgsl': rmsNormBackward,
  'rmsNormWeightGradient.wgsl': rmsNormWeightGradient,
  'rowSum.wgsl': rowSum,
  'stats.wgsl': stats,
  'swiglu.wgsl': swiglu,
  'swigluBackward.wgsl': swigluBackward,
};
