import type { ConfigFormat } from './parsed-text.ts';

/** A config text and its language. */
export type ConfigText = { readonly text: string; readonly format: ConfigFormat };

/** What a setting can hold. */
export type ConfigValue =
  | string
  | number
  | boolean
  | readonly ConfigValue[]
  | { readonly [name: string]: ConfigValue };

/** The edited text, or why the file is better edited by hand. */
export type EditResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string };
