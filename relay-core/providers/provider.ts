import type { UpstreamConfig } from '../config/config.ts';
import type { HeaderList } from '../messages/header-list.ts';
import type { ModelField } from '../messages/model-field.ts';
import type { StreamError } from '../messages/stream-watch.ts';
import type { Clock, Environment } from '../ports.ts';
import type { AttemptFailure } from '../resilience/attempt-failure.ts';
import type { RemedyContext } from './remedies.ts';

/** A client's Messages request, accepted: bytes as they came. */
export type MessagesCall = {
  /** Path and query as sent: `/v1/messages?beta=true`. */
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
  readonly field: ModelField;
  /** The body as JSON, parsed at most once and only when asked; undefined where it is none. */
  readonly parsed: () => unknown;
};

/** Whose credential goes upstream. Key material is named by `keyId` and read only when the request is built. */
export type Credential =
  | { readonly kind: 'pass-through'; readonly headers: HeaderList }
  | { readonly kind: 'key'; readonly keyId: string }
  | { readonly kind: 'none' };

/** What an adapter needs to know of the place a request goes to. */
export type Destination = {
  readonly origin: string;
  /** Path of the base URL, without a trailing slash; empty for none. */
  readonly basePath: string;
  readonly auth: 'x-api-key' | 'bearer';
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The model to ask for: the client's, or what the user mapped it to. */
  readonly model: string;
  readonly credential: Credential;
  /** The secret of `credential`, for kind `key`. */
  readonly keyMaterial: string | undefined;
};

/** A request ready for the wire. */
export type UpstreamRequest = {
  readonly method: 'GET' | 'POST';
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: HeaderList;
  /** Undefined for GET. */
  readonly body: Buffer | undefined;
};

/** An upstream's answer that is no success, as it came. */
export type FailedAnswer = {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Buffer;
};

/** Everything the relay must know about one provider's dialect. No retries; credentials and clock are handed in. */
export type ProviderAdapter = {
  /**
   * Builds the request for one attempt. May sign, which may take credentials that must be fetched first; rejects with
   * a CredentialError when there are none.
   */
  buildRequest(call: MessagesCall, destination: Destination): UpstreamRequest | Promise<UpstreamRequest>;
  /** How to read a 2xx answer whose wire is not Anthropic's; undefined = it is, and passes as it comes. */
  decodeReply?(reply: ReplyHead): ReplyDecoder | undefined;
  /** An answer other than 2xx in Anthropic's envelope; absent = it is in it already. */
  translateFailure?(answer: FailedAnswer): FailedAnswer;
  /** Takes in a refusal of a request for this model; true = the same request, built anew, is another one. */
  learnFrom?(answer: FailedAnswer, model: string): boolean;
  /** Fetches the credentials anew after a refusal; resolves with false when there is nothing new to try. */
  renewCredentials?(): Promise<boolean>;
  /** A request that costs nothing: any answer shows that the upstream is there, 401 that its key is not accepted. */
  buildProbe(destination: Destination): UpstreamRequest | Promise<UpstreamRequest>;
  /** What an answer other than 2xx means. */
  classifyFailure(answer: FailedAnswer, nowMs: number): AttemptFailure;
  /** What an `event: error` inside a 200 means. */
  classifyStreamError(error: StreamError, nowMs: number): AttemptFailure;
  /** False = it has no count_tokens: the relay estimates. */
  readonly countsTokens?: boolean;
  /** How to count where it is not asked as Anthropic is. `read` returns undefined for an answer it cannot read. */
  readonly countTokens?: {
    buildRequest(call: MessagesCall, destination: Destination): UpstreamRequest | Promise<UpstreamRequest>;
    read(body: Buffer): number | undefined;
  };
  /** Why this dialect cannot serve a request that it would accept; undefined = it can. */
  findUnsupported?(call: MessagesCall): string | undefined;
  /** What the user can do about a failure, as a clause; undefined = the vendor's own words suffice. */
  remedyFor?(failure: AttemptFailure, context: RemedyContext): string | undefined;
  /** How to ask what room a model was loaded with, for dialects that cut a prompt silently. */
  readonly contextCheck?: {
    buildRequest(destination: Destination): UpstreamRequest;
    /** The warning for the user; undefined = there is room enough, or nothing is known. */
    read(answer: unknown, model: string): string | undefined;
  };
  /** How to ask which models there are, where the configuration names none. */
  readonly modelDiscovery?: {
    buildRequest(destination: Destination): UpstreamRequest;
    read(answer: unknown): readonly ListedModel[];
  };
  /** Where requests go, for dialects that find it out from more than `base_url`; or what is missing for that. */
  readonly address?:
    | { readonly kind: 'known'; readonly origin: string }
    | { readonly kind: 'incomplete'; readonly reason: string };
  /** Model ids to list when the configuration names none. */
  readonly models: readonly ListedModel[];
};

/** The head of an upstream's answer. */
export type ReplyHead = { readonly status: number; readonly headers: HeaderList };

/** Turns an answer's bytes into Anthropic's, piece by piece, holding back no more than an unfinished frame. */
export type ReplyDecoder = {
  /** The headers that the decoded answer has. */
  readonly headers: HeaderList;
  /** The bytes that became readable; may be empty. */
  push(chunk: Buffer): Buffer;
  /** At the upstream's clean end: undefined = whole, else why the answer is not. */
  end(): string | undefined;
};

/** What a dialect is made from, once for each upstream and configuration. */
export type AdapterParts = {
  readonly config: UpstreamConfig;
  readonly env: Environment;
  readonly clock: Clock;
};

/** Makes the dialect of one upstream; those without credentials of their own need nothing of it. */
export type AdapterFactory = (parts: AdapterParts) => ProviderAdapter;

/** Thrown by `buildRequest`: no credential could be had. The message is for the user: no secret. */
export class CredentialError extends Error {}

/** A model as `GET /v1/models` shows it. `createdAt` is RFC 3339. */
export type ListedModel = {
  readonly id: string;
  readonly displayName: string;
  readonly createdAt: string;
};
