/** The variables in `env` of Claude Code's settings that the set-up may touch, in the order they are written. */
export const managedKeys = ['ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_BASE_URL', 'NO_PROXY', 'no_proxy'] as const;

/** One of the variables that the set-up may touch. */
export type ManagedKey = (typeof managedKeys)[number];
