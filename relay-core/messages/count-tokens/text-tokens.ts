import { characterClass, classOfUnit, fixedCostOfClass, isBase64Unit } from './character-classes.ts';
import type { ModelFacts } from './model-facts.ts';

/** Thousandths of a token, as all costs here: whole numbers add up the same in any order. */
type LetterCosts = {
  /** A run of letters, up to where a lower-case letter meets an upper-case one: `fetch|With|Retry`. */
  readonly part: number;
  readonly freeLetters: number;
  /** Each lower-case letter after the free ones. freeLetters × laterLetter stays below part: a cut word costs more. */
  readonly laterLetter: number;
};

/**
 * `before-4.7`: least squares over 764 pieces of code, prose and JSON against bpe-lite 0.5.2, itself measured
 * against count_tokens. `since-4.7`: the same, stretched to the ratios that users measured between the two.
 */
const letterCosts: Readonly<Record<ModelFacts['tokenizer'], LetterCosts>> = {
  'before-4.7': { part: 930, freeLetters: 5, laterLetter: 115 },
  'since-4.7': { part: 960, freeLetters: 3, laterLetter: 300 },
};

const laterUpper = 30;
const accent = 400;
const digitTriple = 1400;
const spaceBeforeDigit = 250;
const spaces = 870;
const newlines = 970;
const longBlank = { from: 16, each: 60 } as const;
const punctuationStart = 1030;
const punctuationNext = 250;
const longPunctuation = { from: 16, each: 60 } as const;
const blob = { from: 64, each: 330 } as const;

const { lower, upper, accented, digit, space, newline, punctuation, firstFixedCost } = characterClass;

const classAt = (text: string, at: number): number =>
  at < text.length ? (classOfUnit[text.charCodeAt(at)] ?? punctuation) : -1;

const endOfRun = (text: string, from: number, kind: number): number => {
  let at = from + 1;
  while (at < text.length && classOfUnit[text.charCodeAt(at)] === kind) at += 1;
  return at;
};

const costOfRun = (kind: number, length: number, next: number): number => {
  if (kind === digit) return Math.ceil(length / 3) * digitTriple;
  if (kind === space && length === 1) return next === digit ? spaceBeforeDigit : 0;
  if (kind === punctuation) {
    const near = Math.min(length, longPunctuation.from) - 1;
    const far = Math.max(0, length - longPunctuation.from);
    return punctuationStart + near * punctuationNext + far * longPunctuation.each;
  }
  return (kind === newline ? newlines : spaces) + Math.max(0, length - longBlank.from) * longBlank.each;
};

/**
 * What a base64 blob costs above its letters: no word of the vocabulary fits it. Counted from a length on that words
 * and paths do not reach.
 */
const costOfBlobs = (text: string): number => {
  let cost = 0;
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    length = isBase64Unit[text.charCodeAt(at)] === 1 ? length + 1 : 0;
    if (length > blob.from) cost += blob.each;
  }
  return cost;
};

/** Adds up one text. A class, since two results (cost and position) leave each step of the scan. */
class TextScan {
  cost = 0;
  at = 0;
  readonly #text: string;
  readonly #letters: LetterCosts;

  constructor(text: string, letters: LetterCosts) {
    this.#text = text;
    this.#letters = letters;
  }

  readRun(kind: number): void {
    const end = endOfRun(this.#text, this.at, kind);
    this.cost += costOfRun(kind, end - this.at, classAt(this.#text, end));
    this.at = end;
  }

  readPart(first: number): void {
    let hasLower = false;
    let length = 0;
    this.cost += this.#letters.part;
    for (let kind = first; kind >= lower && kind <= accented; kind = classAt(this.#text, this.at)) {
      if (kind === upper && hasLower) return;
      length += 1;
      this.cost += this.#costOfLetter(kind, length);
      hasLower = kind !== upper;
      this.at += 1;
    }
  }

  #costOfLetter(kind: number, position: number): number {
    if (kind === upper) return position > 1 ? laterUpper : 0;
    const later = position > this.#letters.freeLetters ? this.#letters.laterLetter : 0;
    return kind === accented ? accent + later : later;
  }
}

/**
 * Thousandths of a token that a text costs. Linear in its length. More text before or behind never costs less
 * (within it, a letter that parts two blanks can save half a token). A text cut in two costs the whole within two
 * tokens, or 24 where the cut goes through a base64 blob.
 */
export const costOfText = (text: string, tokenizer: ModelFacts['tokenizer']): number => {
  const scan = new TextScan(text, letterCosts[tokenizer]);
  while (scan.at < text.length) {
    const kind = classAt(text, scan.at);
    if (kind <= accented) scan.readPart(kind);
    else if (kind < firstFixedCost) scan.readRun(kind);
    else {
      scan.cost += fixedCostOfClass[kind - firstFixedCost] ?? 0;
      scan.at += 1;
    }
  }
  return scan.cost + (text.length > blob.from ? costOfBlobs(text) : 0);
};
