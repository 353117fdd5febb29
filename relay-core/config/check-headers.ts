import { isHopByHop } from '../messages/header-list.ts';
import type { ConfigPath, Finding } from './config-path.ts';
import { isSubscriptionToken, subscriptionTokenMessage } from './subscription-token.ts';

/** What frames a message, beside the headers that belong to the connection. */
const framingHeaders: ReadonlySet<string> = new Set(['content-length', 'expect', 'host']);

/** Rules of `headers:` of one provider: names and values HTTP can carry, nothing the relay itself must decide. */
export function checkHeaders(
  headers: Readonly<Record<string, string | undefined>>,
  path: ConfigPath,
): readonly Finding[] {
  return Object.entries(headers).flatMap<Finding>(([name, value]) => {
    const place = [...path, name];
    const nameMessage = nameFault(name);
    const valueMessage = valueFault(value ?? '');
    return [
      ...(nameMessage === undefined ? [] : [{ path: place, target: 'key' as const, message: nameMessage }]),
      ...(valueMessage === undefined
        ? []
        : [{ path: place, target: 'value' as const, message: valueMessage }]),
    ];
  });
}

function nameFault(name: string): string | undefined {
  // The schema already speaks of an empty name.
  if (name === '') return undefined;
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return 'is not a valid HTTP header name';
  const lowerCaseName = name.toLowerCase();
  return isHopByHop(lowerCaseName) || framingHeaders.has(lowerCaseName)
    ? 'cannot be set: this header belongs to the connection'
    : undefined;
}

function valueFault(value: string): string | undefined {
  if (isSubscriptionToken(value)) return subscriptionTokenMessage;
  return /\p{Cc}|[^ -\u00ff]/u.test(value) ? 'contains a character that no HTTP header can carry' : undefined;
}
