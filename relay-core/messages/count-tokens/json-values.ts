export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const stringIn = (object: JsonObject, name: string): string => {
  const value = object[name];
  return typeof value === 'string' ? value : '';
};

export const listIn = (object: JsonObject, name: string): readonly unknown[] => {
  const value: unknown = object[name];
  return Array.isArray(value) ? value : [];
};
