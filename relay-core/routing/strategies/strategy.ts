/** What a strategy reads of a candidate. */
export type Ranked = {
  readonly upstream: {
    readonly config: { readonly name: string; readonly priority: number; readonly weight: number };
    readonly inFlight: number;
  };
};

/** Orders candidates for one request, best first. May keep state between requests. Never drops one, except model_based. */
export type RoutingStrategy = {
  order<C extends Ranked>(candidates: readonly C[], model: string): readonly C[];
};
