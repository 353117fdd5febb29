import type { HeaderList } from '../messages/header-list.ts';
import type { Credential, MessagesCall } from '../providers/provider.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { mapModel } from './map-model.ts';

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

/** An upstream that was left out, and why, in words for the user. `isOfRequest`: the request itself asks too much. */
export type Skipped = { readonly upstream: string; readonly reason: string; readonly isOfRequest: boolean };

/** What candidates depend on. */
export type CandidateQuery = {
  readonly client: Client;
  readonly call: MessagesCall;
  readonly upstreams: readonly Upstream[];
  /** Entries that cannot serve, with the reason, for whom nobody else is left to tell about. */
  readonly outOfService: readonly Skipped[];
  /** May configured keys take over when the client's own credential fails? */
  readonly subscriptionFailover: boolean;
  /** Monotonic: key pools order their keys by what is free now. */
  readonly nowMs: number;
};

/** Who may serve, and who was left out for the request's sake. */
export type Candidates = { readonly candidates: readonly Candidate[]; readonly skipped: readonly Skipped[] };

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

const namesOf = ({ modelList, adapter }: Upstream): readonly string[] =>
  (modelList.models ?? adapter.models).map(({ id }) => id);

/** Who could not say which models it has is to blame for that, not its mapping. */
const reasonFor = ({ modelList, adapter, config }: Upstream, reason: string): string => {
  const { failure } = modelList;
  if (failure === undefined) return reason;
  const context = { model: '', baseUrl: config.baseUrl };
  const remedy = adapter.remedyFor?.({ kind: 'unreachable', detail: failure }, context);
  return remedy === undefined ? failure : `${failure}; ${remedy}`;
};

const judge = (upstream: Upstream, query: CandidateQuery): Candidate | Skipped | undefined => {
  const credentials = credentialsFor(upstream, query);
  if (credentials.length === 0) return undefined;
  const { config, adapter } = upstream;
  const mapped = mapModel({
    model: query.call.field.model,
    type: config.type,
    mapping: config.modelMapping,
    // Anthropic's own need no list: there every name is sent as it is.
    models: config.models ?? (config.type === 'anthropic' ? undefined : namesOf(upstream)),
  });
  if (!mapped.ok)
    return { upstream: config.name, reason: reasonFor(upstream, mapped.reason), isOfRequest: false };
  const unsupported = adapter.findUnsupported?.(query.call);
  if (unsupported !== undefined) return { upstream: config.name, reason: unsupported, isOfRequest: true };
  return { upstream, model: mapped.model, credentials };
};

/** The upstreams that may serve this request, in the order of the configuration. */
export const findCandidates = (query: CandidateQuery): Candidates => {
  const candidates: Candidate[] = [];
  const skipped: Skipped[] = [];
  for (const upstream of query.upstreams) {
    const judged = judge(upstream, query);
    if (judged === undefined) continue;
    if ('reason' in judged) skipped.push(judged);
    else candidates.push(judged);
  }
  return { candidates: query.subscriptionFailover ? candidates : ownCredentialOnly(candidates), skipped };
};

/** Without subscription failover a client that brings its own credential is served by that one or not at all. */
const ownCredentialOnly = (candidates: readonly Candidate[]): readonly Candidate[] => {
  const own = candidates.flatMap((candidate) => {
    const credentials = candidate.credentials.filter(({ kind }) => kind === 'pass-through');
    return credentials.length > 0 ? [{ ...candidate, credentials }] : [];
  });
  return own.length > 0 ? own : candidates;
};
