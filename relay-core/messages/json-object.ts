/** An object of parsed JSON: what its fields hold is not known. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for an object, false for lists, null and plain values. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
