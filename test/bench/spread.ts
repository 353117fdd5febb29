/** Several measurements of the same thing. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** The middle value; of an even count the mean of the two in the middle. NaN for none. */
export const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((left, right) => left - right);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  const high = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return (low + high) / 2;
};

/** Median and range. */
export const spreadOf = (values: readonly number[]): Spread => ({
  median: medianOf(values),
  min: Math.min(...values),
  max: Math.max(...values),
});
