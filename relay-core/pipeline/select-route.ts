import { RelayError } from '../errors.ts';
import type { Clock } from '../ports.ts';
import type { Credential } from '../providers/provider.ts';
import { type Candidate, type CandidateQuery, findCandidates, type Skipped } from '../routing/candidates.ts';
import type { SessionAffinity } from '../routing/session-affinity.ts';
import type { RoutingStrategy } from '../routing/strategies/strategy.ts';

/** Who is tried, best first. `isSticky` = the session's own upstream was put first. */
export type Route = { readonly candidates: readonly Candidate[]; readonly isSticky: boolean };

/** How routes are chosen under one configuration. */
export type RoutePlan = {
  readonly clock: Clock;
  readonly strategy: RoutingStrategy;
  /** Undefined under `routing.affinity: none`. */
  readonly affinity: SessionAffinity | undefined;
  /** Where a displaced session returns to (behaviour.md 5). */
  readonly home: 'best' | 'first-chosen' | 'none';
};

/** The request's side of a route. `findSession` is asked only where there is something to choose. */
export type RouteQuery = CandidateQuery & { readonly findSession: () => string | undefined };

/** The candidates for a request. Throws RelayError `no-candidate` with the remedy when there are none. */
export const selectRoute = (query: RouteQuery, plan: RoutePlan): Route => {
  const { candidates, skipped } = findCandidates(query);
  if (candidates.length === 0) throw noCandidate(query, skipped);
  const { model } = query.call.field;
  const ordered = plan.strategy.order(candidates, model);
  if (ordered.length === 0)
    throw new RelayError(
      'no-candidate',
      `No provider can serve this request: routing.model_mapping and default_provider name none for ${model}`,
    );
  return withAffinity(ordered, query, plan);
};

const withAffinity = (ordered: readonly Candidate[], query: RouteQuery, plan: RoutePlan): Route => {
  const { affinity, home, clock } = plan;
  const hasChoice = ordered.length > 1 || (ordered[0]?.credentials.length ?? 0) > 1;
  const session = affinity && hasChoice ? query.findSession() : undefined;
  if (affinity === undefined || session === undefined) return { candidates: ordered, isSticky: false };
  const nowMs = clock.monotonic();
  const isWell = (candidate: Candidate) => isReady(candidate, nowMs);
  const {
    ordered: arranged,
    keyId,
    isSticky,
  } = affinity.arrange(session, query.call.field.model, { ordered, home, isWell });
  const [first, ...rest] = arranged;
  if (first === undefined || keyId === undefined) return { candidates: arranged, isSticky };
  return {
    candidates: [{ ...first, credentials: withKeyFirst(first.credentials, keyId) }, ...rest],
    isSticky,
  };
};

const isReady = ({ upstream, credentials }: Candidate, nowMs: number): boolean =>
  upstream.breaker.wouldPermit() &&
  (credentials.some(({ kind }) => kind !== 'key') || upstream.keys.availableCount(nowMs) > 0);

/** The prompt cache, and some models' thinking blocks, belong to the key's account (protocol.md 4.1). */
const withKeyFirst = (credentials: readonly Credential[], keyId: string): readonly Credential[] => {
  const rank = (credential: Credential): number => {
    if (credential.kind !== 'key') return 0;
    return credential.keyId === keyId ? 1 : 2;
  };
  return credentials.toSorted((left, right) => rank(left) - rank(right));
};

/** The refusal when nobody may serve: what asks too much of every provider is the request's own fault. */
export const noCandidate = (query: CandidateQuery, skipped: readonly Skipped[]): RelayError => {
  const reasons = skipped.map(({ upstream, reason }) => `${upstream}: ${reason}`).join('; ');
  if (skipped.length > 0 && skipped.every(({ isOfRequest }) => isOfRequest))
    return new RelayError('request-unsupported', `No provider can serve this request: ${reasons}`);
  return new RelayError('no-candidate', `No provider can serve this request: ${reasons || hintFor(query)}`);
};

const hintFor = ({ upstreams, client, outOfService }: CandidateQuery): string => {
  const idle = outOfService.map(({ upstream, reason }) => `${upstream}: ${reason}`).join('; ');
  if (upstreams.length === 0) return idle || 'none is configured; see `cc-relay config validate`';
  if (!client.maySpendKeys) return 'your Anthropic credential may not pass through any provider';
  return client.ownCredential.length > 0
    ? 'no provider has keys, and the credential you sent is none that may be passed through'
    : 'no provider has keys, and the request brought no Anthropic credential (log in to Claude Code, set ANTHROPIC_API_KEY, or add keys to the configuration)';
};
