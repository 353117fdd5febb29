/** Classes below `firstFixedCost` are counted by runs; from there on each UTF-16 unit has a cost of its own. */
export const characterClass = {
  lower: 0,
  upper: 1,
  accented: 2,
  digit: 3,
  space: 4,
  newline: 5,
  punctuation: 6,
  firstFixedCost: 7,
} as const;

const { lower, upper, accented, digit, space, newline, punctuation, firstFixedCost } = characterClass;

/** From, to (inclusive), class. Everything below U+0080 that is not named here counts as punctuation. */
const runClasses: readonly (readonly [number, number, number])[] = [
  [0x00, 0x7f, punctuation],
  [0x61, 0x7a, lower],
  [0x41, 0x5a, upper],
  [0x30, 0x39, digit],
  [0x20, 0x20, space],
  [0x09, 0x09, space],
  [0x0a, 0x0d, newline],
  [0xc0, 0x24f, accented],
  [0x1e00, 0x1eff, accented],
];

/**
 * From, to (inclusive), thousandths of a token for each UTF-16 unit. Fitted to the counts that
 * https://github.com/jschoemaker/bpe-lite/blob/main/scripts/corpus-expected.json took from Anthropic's
 * endpoint; these scripts cost the same before and since 4.7 (https://sol.ava.dev/writings/2026-04-17-opus-4-7-tokenizer.html).
 */
const fixedCosts: readonly (readonly [number, number, number])[] = [
  [0x0080, 0x00bf, 1500], // ©, §, ±
  [0x0250, 0x036f, 1000], // phonetics, combining marks
  [0x0370, 0x03ff, 900], // Greek
  [0x0400, 0x052f, 450], // Cyrillic
  [0x0530, 0x10ff, 760], // Hebrew, Arabic, the scripts of India, Thai
  [0x1100, 0x11ff, 1300], // Hangul letters
  [0x1200, 0x1dff, 1000],
  [0x1f00, 0x1fff, 1000],
  [0x2000, 0x206f, 1000], // dashes, curly quotes, joiners
  [0x2070, 0x24ff, 3000], // arrows, operators
  [0x2500, 0x257f, 1000], // box drawing
  [0x2580, 0x2bff, 3000],
  [0x2c00, 0x2fff, 2000],
  [0x3000, 0x303f, 900],
  [0x3040, 0x30ff, 750], // kana
  [0x3100, 0x9fff, 1000], // Han
  [0xa000, 0xabff, 1500],
  [0xac00, 0xd7ff, 1300], // Hangul syllables
  [0xd800, 0xdfff, 1600], // half of a surrogate pair: an emoji is two
  [0xe000, 0xf8ff, 2000],
  [0xf900, 0xfaff, 1000],
  [0xfb00, 0xfdff, 760],
  [0xfe00, 0xfe0f, 1500], // variation selectors
  [0xfe10, 0xfeff, 1000],
  [0xff00, 0xffef, 900], // full-width forms
  [0xfff0, 0xffff, 1500],
];

/** Thousandths of a token for each class from `firstFixedCost` on, by class minus `firstFixedCost`. */
export const fixedCostOfClass: Uint16Array = Uint16Array.from(fixedCosts, ([, , cost]) => cost);

const buildClasses = (): Uint8Array => {
  const classes = new Uint8Array(0x10000);
  fixedCosts.forEach(([from, to], index) => {
    classes.fill(firstFixedCost + index, from, to + 1);
  });
  for (const [from, to, kind] of runClasses) classes.fill(kind, from, to + 1);
  return classes;
};

/** The class of every UTF-16 unit. */
export const classOfUnit: Uint8Array = buildClasses();

/** 1 for the units of the base64 alphabet. */
export const isBase64Unit: Uint8Array = Uint8Array.from({ length: 0x10000 }, (_, unit) =>
  unit < 0x80 && /[A-Za-z0-9+/=]/.test(String.fromCharCode(unit)) ? 1 : 0,
);
