import type { HeaderList } from '../messages/header-list.ts';
import type { Credential } from '../providers/provider.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** What the client may do here, decided once (behaviour.md 2). */
export type Client = {
  /** True = the keys of the configuration may be spent for it. */
  readonly maySpendKeys: boolean;
  /** Its own credential headers, as sent; the relay's token and the placeholder are never among them. */
  readonly ownCredential: HeaderList;
  /** The part of `ownCredential` that is Anthropic's own kind. */
  readonly anthropicCredential: HeaderList;
};

/** An upstream that may serve, with the credentials to try there, in order. */
export type Candidate = {
  readonly upstream: Upstream;
  /** The model to ask this upstream for. */
  readonly model: string;
  readonly credentials: readonly Credential[];
};

/** What candidates depend on. */
export type CandidateQuery = {
  readonly client: Client;
  readonly model: string;
  readonly upstreams: readonly Upstream[];
  /** May configured keys take over when the client's own credential fails? */
  readonly subscriptionFailover: boolean;
  /** Monotonic: key pools order their keys by what is free now. */
  readonly nowMs: number;
};

/** The client's headers that this upstream may see; empty = it passes nothing through. */
const passedThrough = (upstream: Upstream, client: Client): HeaderList => {
  switch (upstream.config.passThrough) {
    case 'any':
      return client.ownCredential;
    case 'anthropic':
      return client.anthropicCredential;
    case 'never':
      return [];
  }
};

const noCredential: readonly Credential[] = [{ kind: 'none' }];

/** An entry without keys that passes nothing through is one that wants no credential, such as a local server. */
const keyCredentials = ({ config, keys }: Upstream, nowMs: number): readonly Credential[] =>
  config.keys.length === 0 && config.passThrough === 'never' ? noCredential : keys.order(nowMs);

const credentialsFor = (upstream: Upstream, query: CandidateQuery): readonly Credential[] => {
  const { client } = query;
  const headers = passedThrough(upstream, client);
  const own: readonly Credential[] = headers.length > 0 ? [{ kind: 'pass-through', headers }] : [];
  if (!client.maySpendKeys) return own;
  const keys = keyCredentials(upstream, query.nowMs);
  return own.length > 0 ? [...own, ...keys] : keys;
};

/** The upstreams that may serve this client, in the order of the configuration. */
export const findCandidates = (query: CandidateQuery): readonly Candidate[] => {
  const candidates = query.upstreams
    .map((upstream) => ({
      upstream,
      model: upstream.config.modelMapping.get(query.model) ?? query.model,
      credentials: credentialsFor(upstream, query),
    }))
    .filter(({ credentials }) => credentials.length > 0);
  return query.subscriptionFailover ? candidates : ownCredentialOnly(candidates);
};

/** Without subscription failover a client that brings its own credential is served by that one or not at all. */
const ownCredentialOnly = (candidates: readonly Candidate[]): readonly Candidate[] => {
  const own = candidates.flatMap((candidate) => {
    const credentials = candidate.credentials.filter(({ kind }) => kind === 'pass-through');
    return credentials.length > 0 ? [{ ...candidate, credentials }] : [];
  });
  return own.length > 0 ? own : candidates;
};
