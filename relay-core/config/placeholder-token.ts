/** Older builds write this as Claude Code's token. It is public: it proves nothing and never leaves the relay. */
export const publicPlaceholder = 'managed-by-cc-relay';
