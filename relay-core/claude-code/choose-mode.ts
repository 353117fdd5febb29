import type { Config } from '../config/config.ts';

/** The values of `--mode`. */
export const setUpModes = ['auto', 'subscription', 'token'] as const;

/** How Claude Code shall show who it is; `auto` leaves the choice to the config. */
export type SetUpMode = (typeof setUpModes)[number];

type Server = Pick<Config, 'server' | 'upstreams'>;

/** Whether the relay turns away clients that show nothing but their own Anthropic credential. */
export function requiresToken(config: Server | undefined): boolean {
  return config !== undefined && config.server.tokens.length > 0 && !config.server.allowSubscription;
}

/** The mode that `auto` stands for. No config (undefined) = the built-in default, which passes logins through. */
export function chooseMode(mode: SetUpMode, config: Server | undefined): 'subscription' | 'token' {
  if (mode !== 'auto') return mode;
  if (config === undefined) return 'subscription';
  if (requiresToken(config)) return 'token';
  const passesThrough = config.upstreams.some(
    ({ passThrough, outOfService }) => passThrough !== 'never' && outOfService === undefined,
  );
  return passesThrough ? 'subscription' : 'token';
}
