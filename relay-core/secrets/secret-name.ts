/** The account that proves by a write whether the key chain works; never a user's key. */
export const probeName = 'cc-relay-probe';

/** What a secret may be called, for `${keychain:NAME}`. */
export function isSecretName(name: string): boolean {
  return /^[A-Za-z0-9_.-]{1,64}$/.test(name) && name !== probeName;
}
