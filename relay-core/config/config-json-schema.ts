import { z } from 'zod';
import { configFileSchema } from '../contracts/config.ts';

/** What a variable looks like where the setting itself is a number or true/false. */
const variable = { type: 'string', pattern: '^\\$\\{[^}]+\\}$' };

/** The JSON Schema (draft 2020-12) of the config file, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configFileSchema, {
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => {
      if (jsonSchema.type !== 'integer' && jsonSchema.type !== 'boolean') return;
      const own = { ...jsonSchema };
      for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
      Object.assign(jsonSchema, { anyOf: [own, variable] });
    },
  });
  return { title: 'CC-Relay configuration', ...schema };
}
