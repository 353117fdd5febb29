import type { KeyConfig } from '../../../relay-core/config/config.ts';

const unlimited = { rpm: 0, tpm: 0, itpm: 0, otpm: 0 };

type Facts = Partial<Omit<KeyConfig, 'limits'>> & { readonly limits?: Partial<KeyConfig['limits']> };

/** A configured key; unlimited, of weight 1 and without a bound on what runs at once unless told. */
export const keyConfig = (keyId: string, { limits, ...facts }: Facts = {}): KeyConfig => ({
  keyId,
  label: undefined,
  material: `dummy-${keyId}`,
  maxConcurrent: 0,
  weight: 1,
  ...facts,
  limits: { ...unlimited, ...limits },
});
