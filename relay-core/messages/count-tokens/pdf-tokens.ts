import type { ModelFacts } from './model-facts.ts';

/**
 * A page is sent as its text and as an image. Measured over pages of text, a table and a scan: 1,600 to 2,480 since
 * 4.7, 1,590 to 2,280 before (https://huggingface.co/datasets/JOHNISKING/pdf-token-cost).
 */
const tokensOfPage: Readonly<Record<ModelFacts['tokenizer'], number>> = {
  'before-4.7': 2100,
  'since-4.7': 2330,
};

/** Where compressed object streams hide the pages: a page of text with its fonts. */
const bytesOfPage = 50_000;
/** pdf-support docs: what the API takes in one request. */
const mostPages = 600;

const pageObject = /\/Type\s?\/Page(?![a-zA-Z])/g;

const pagesIn = (base64: string): number => {
  const bytes = Buffer.from(base64, 'base64');
  const named = bytes.toString('latin1').match(pageObject)?.length ?? 0;
  return Math.min(mostPages, named > 0 ? named : Math.max(1, Math.ceil(bytes.length / bytesOfPage)));
};

/** Tokens of a PDF given as base64; without data (a URL, a file id) those of one page, which is the least it can be. */
export const pdfTokens = (base64: string | undefined, tokenizer: ModelFacts['tokenizer']): number =>
  (base64 === undefined ? 1 : pagesIn(base64)) * tokensOfPage[tokenizer];
