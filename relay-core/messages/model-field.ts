import { readJsonString } from './json-scan.ts';
import { findTopLevelField } from './top-level-field.ts';

/** The `model` of a Messages request and where its value stands in the body, quotes included. */
export type ModelField = { readonly model: string; readonly start: number; readonly end: number };

/** The model field, or why the body has none, in words for the client. */
export type ModelFieldResult =
  | { readonly ok: true; readonly field: ModelField }
  | { readonly ok: false; readonly reason: string };

/** Reads the top-level `model` of a request body; everything behind it stays unread. */
export const readModelField = (body: Buffer): ModelFieldResult => {
  const search = findTopLevelField(body, 'model');
  switch (search.kind) {
    case 'absent':
      return { ok: false, reason: 'model: Field required' };
    case 'malformed':
      return {
        ok: false,
        reason: `The request body is not a JSON object: ${search.reason} at byte ${search.at}`,
      };
    case 'found': {
      const model = readJsonString(body, search.start, search.end);
      if (model === undefined) return { ok: false, reason: 'model: Input should be a valid string' };
      if (model === '') return { ok: false, reason: 'model: String should have at least 1 character' };
      return { ok: true, field: { model, start: search.start, end: search.end } };
    }
  }
};

/** A copy of `body` in which only the bytes of the model value differ. */
export const replaceModel = (body: Buffer, field: ModelField, model: string): Buffer =>
  Buffer.concat([
    body.subarray(0, field.start),
    Buffer.from(JSON.stringify(model)),
    body.subarray(field.end),
  ]);
