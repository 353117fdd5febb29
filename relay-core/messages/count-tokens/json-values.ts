import type { JsonObject } from '../json-object.ts';

export const stringIn = (object: JsonObject, name: string): string => {
  const value = object[name];
  return typeof value === 'string' ? value : '';
};

export const listIn = (object: JsonObject, name: string): readonly unknown[] => {
  const value: unknown = object[name];
  return Array.isArray(value) ? value : [];
};
