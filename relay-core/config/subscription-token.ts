/** Whether a text holds a Claude subscription token, bare or after a scheme such as `Bearer`. */
export function isSubscriptionToken(text: string): boolean {
  return /(?:^|\s)sk-ant-oat/.test(text.trim());
}

/** Why such a token is refused in a config, and what to do. */
export const subscriptionTokenMessage =
  "is a subscription token, which belongs to Claude Code's own login: remove it; the relay can pass that login through (pass_through)";
