/** Who answers at an address: a CC-Relay, something else (`server` as it names itself), or nobody. */
export type HealthAnswer =
  | { readonly kind: 'relay' }
  | { readonly kind: 'stranger'; readonly server: string | undefined }
  | { readonly kind: 'nobody' };

/** Asks `GET /health` at a base URL, within seconds. Never throws. */
export type AskHealth = (address: string) => Promise<HealthAnswer>;
