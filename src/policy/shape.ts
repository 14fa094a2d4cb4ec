/**
 * A policy's shape in one word, for a setting: `d64-l2-h4x16-kv4-f160-theta10000-eps0.000001-untied` is 64 wide, 2 layers, 4 heads of 16,
 * 4 key/value heads, a feed-forward width of 160, and what the forward pass takes from Qwen3's config.
 *
 * The sizes that the lab has are named (config.ts); this is how weights from elsewhere keep theirs. Invariant (shape.test.ts): a shape that
 * is written reads back as itself.
 */
import { parameterCount, type PolicyConfig } from './config.ts';

export const shapePattern =
  /^$|^d(\d{1,5})-l(\d{1,3})-h(\d{1,3})x(\d{1,4})-kv(\d{1,3})-f(\d{1,6})-theta([\d.]{1,24})-eps([\d.e-]{1,24})-(tied|untied)$/;

/** The most parameters that a shape may have: what a processor trains in a day, and memory holds five times. */
export const mostParameters = 50_000_000;

export function shapeText(config: PolicyConfig): string {
  const { hiddenSize, layers, heads, headDim, kvHeads, intermediateSize, ropeTheta, rmsNormEps } = config;
  const head = config.tieWordEmbeddings ? 'tied' : 'untied';
  return `d${hiddenSize}-l${layers}-h${heads}x${headDim}-kv${kvHeads}-f${intermediateSize}-theta${ropeTheta}-eps${rmsNormEps}-${head}`;
}

/** The shape that a word names; null where it names none. `shapeProblem` says whether it can be computed. */
export function parseShape(text: string, vocabularySize: number): PolicyConfig | null {
  const match = shapePattern.exec(text);
  if (match === null || text === '') return null;
  const number = (group: number) => Number(match[group]);
  return {
    vocabularySize,
    hiddenSize: number(1),
    layers: number(2),
    heads: number(3),
    headDim: number(4),
    kvHeads: number(5),
    intermediateSize: number(6),
    ropeTheta: number(7),
    rmsNormEps: number(8),
    tieWordEmbeddings: match[9] === 'tied',
  };
}

/** Why no engine computes such a policy, in a sentence; undefined where they do. */
export function shapeProblem(config: PolicyConfig): string | undefined {
  const { hiddenSize, layers, heads, headDim, kvHeads, intermediateSize, ropeTheta, rmsNormEps } = config;
  if (Math.min(hiddenSize, layers, heads, headDim, kvHeads, intermediateSize) < 1)
    return 'Every size of a policy’s shape must be 1 or more.';
  if (!(Number.isFinite(ropeTheta) && ropeTheta > 0 && Number.isFinite(rmsNormEps) && rmsNormEps > 0))
    return 'The rotary base and the epsilon of a policy’s shape must be above 0.';
  if (heads % kvHeads !== 0)
    return `${kvHeads} key/value heads do not divide ${heads} heads; each needs as many heads as the others.`;
  if (headDim % 2 !== 0) return `A head of ${headDim} is odd; rotary positions need pairs.`;
  const count = parameterCount(config);
  if (count > mostParameters)
    return `A policy of ${(count / 1e6).toFixed(0)} million parameters is more than the lab trains (${mostParameters / 1e6} million).`;
  return undefined;
}
