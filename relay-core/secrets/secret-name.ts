/** What a secret may be called, for `${keychain:NAME}`. */
export function isSecretName(name: string): boolean {
  return /^[A-Za-z0-9_.-]{1,64}$/.test(name);
}
