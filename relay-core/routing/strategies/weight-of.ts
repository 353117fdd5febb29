import type { Ranked } from './strategy.ts';

/** A candidate's share of the requests; always positive: 0 means "not set" and counts as 1. */
export const weightOf = ({ upstream }: Ranked): number =>
  upstream.config.weight > 0 ? upstream.config.weight : 1;
