/** Whether a key or token can be sent in a header once the spaces around it are gone. */
export function isSendable(secret: string): boolean {
  return /^[\x20-\x7e]*$/.test(secret.trim());
}
