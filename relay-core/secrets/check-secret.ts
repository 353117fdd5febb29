import { isSubscriptionToken, subscriptionTokenMessage } from '../config/subscription-token.ts';

/** Longest secret, in bytes of UTF-8: what every key chain holds. */
export const maxSecretBytes = 8192;

/** Why a value cannot be kept as a secret, to be read after "the key"; undefined = it can. Never quotes it. */
export function secretFault(value: string): string | undefined {
  if (value.trim() === '') return 'is empty';
  if (/[\r\n]/.test(value)) return 'has more than one line';
  // A C string ends at NUL, and no header carries the others.
  if (/\p{Cc}/u.test(value)) return 'contains a control character';
  if (Buffer.byteLength(value) > maxSecretBytes) return `is longer than ${maxSecretBytes} bytes`;
  return isSubscriptionToken(value) ? subscriptionTokenMessage : undefined;
}
