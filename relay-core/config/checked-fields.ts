import { z } from 'zod';
import { strategySchema } from '../contracts/config.ts';

const text = z.string().optional().catch(undefined);
const textMap = z.record(z.string(), text).catch({});

const authFields = z.object({ api_key: text, bearer_secret: text, allow_bearer: z.boolean().catch(false) });
const serverFields = z.object({
  listen: text,
  api_key: text,
  auth: authFields.catch({ api_key: undefined, bearer_secret: undefined, allow_bearer: false }),
});
const providerFields = z.object({
  name: text,
  base_url: text,
  proxy_url: text,
  headers: textMap,
  keys: z.array(z.object({ key: text }).catch({ key: undefined })).catch([]),
});
const routingFields = z.object({
  strategy: strategySchema.optional().catch(undefined),
  default_provider: text,
  model_mapping: textMap,
});

const fieldsSchema = z.object({
  server: serverFields.optional().catch(undefined),
  providers: z.array(providerFields.optional().catch(undefined)).catch([]),
  routing: routingFields.optional().catch(undefined),
});

/** The fields that rules beyond the schema look at; what has the wrong shape counts as absent. */
export type CheckedFields = z.infer<typeof fieldsSchema>;

/** Reads them from any data, so that rules report together with the schema's own problems. */
export function readCheckedFields(data: unknown): CheckedFields {
  return fieldsSchema.catch({ server: undefined, providers: [], routing: undefined }).parse(data);
}
