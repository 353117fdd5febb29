import type { ImageSize } from './image-size.ts';
import type { ModelFacts } from './model-facts.ts';

const patchPixels = 28;

const patchesOf = (width: number, height: number): number =>
  Math.ceil(width / patchPixels) * Math.ceil(height / patchPixels);

/**
 * Tokens of an image: one for each patch of 28 × 28 pixels, after the largest scaling that keeps the model's two
 * limits (https://platform.claude.com/docs/en/build-with-claude/vision#evaluate-image-size; the rule
 * width × height / 750 that stood there before is its approximation). Exact for the sizes of that page's table.
 */
export const imageTokens = ({ width, height }: ImageSize, limits: ModelFacts['image']): number => {
  const longEdge = Math.max(width, height);
  const ratio = Math.min(width, height) / longEdge;
  const tokensAt = (edge: number): number => patchesOf(edge, Math.max(1, Math.round(edge * ratio)));
  if (longEdge <= limits.longEdgePixels && tokensAt(longEdge) <= limits.tokens) return tokensAt(longEdge);
  let fits = 1;
  let tooLarge = Math.min(longEdge, limits.longEdgePixels) + 1;
  while (tooLarge - fits > 1) {
    const middle = (fits + tooLarge) >> 1;
    if (tokensAt(middle) <= limits.tokens) fits = middle;
    else tooLarge = middle;
  }
  return tokensAt(fits);
};
