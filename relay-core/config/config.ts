import type { ProviderType, Strategy } from '../contracts/config.ts';

/** What the relay knows of one key. `material` is the secret itself: read only when a request is sent. */
export type KeyConfig = {
  readonly keyId: string;
  readonly label: string | undefined;
  readonly material: string;
  /** Per minute: requests, all tokens, input tokens, output tokens. 0 = unlimited. */
  readonly limits: {
    readonly rpm: number;
    readonly tpm: number;
    readonly itpm: number;
    readonly otpm: number;
  };
  /** 0 = unlimited. */
  readonly maxConcurrent: number;
  /** At least 1. */
  readonly weight: number;
};

/** Longest waits toward one provider, in milliseconds. `firstByteMs` undefined = the default of `deadlines.ts`. */
type UpstreamTimeouts = {
  readonly connectMs: number;
  readonly firstByteMs: number | undefined;
  readonly idleMs: number;
};

/** The fields of Bedrock, Azure AI Foundry and Vertex AI entries. */
export type CloudSettings = {
  readonly awsRegion: string | undefined;
  readonly awsAccessKeyId: string | undefined;
  readonly awsSecretAccessKey: string | undefined;
  readonly awsSessionToken: string | undefined;
  readonly awsProfile: string | undefined;
  readonly azureResourceName: string | undefined;
  readonly azureApiVersion: string | undefined;
  readonly azureDeploymentId: string | undefined;
  readonly gcpProjectId: string | undefined;
  readonly gcpRegion: string | undefined;
};

/** One enabled entry of `providers:`, defaults filled in. */
export type UpstreamConfig = {
  readonly name: string;
  readonly type: ProviderType;
  /** Without a trailing slash; request paths are appended. */
  readonly baseUrl: string;
  readonly auth: 'x-api-key' | 'bearer';
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly proxyUrl: string | undefined;
  /** `any`: whatever credential the client shows; `anthropic`: only a genuine Anthropic one; `never`. */
  readonly passThrough: 'any' | 'anthropic' | 'never';
  readonly priority: number;
  /** At least 1. */
  readonly weight: number;
  /** 0 = unlimited. */
  readonly maxConcurrent: number;
  readonly timeouts: UpstreamTimeouts;
  readonly keys: readonly KeyConfig[];
  readonly keyStrategy: 'least_loaded' | 'round_robin' | 'random' | 'weighted';
  readonly models: readonly string[] | undefined;
  readonly modelMapping: ReadonlyMap<string, string>;
  /** Where and as whom a cloud is asked; each field as written, undefined = not given. */
  readonly cloud: CloudSettings;
  /** Why the entry cannot serve (a missing variable, an unsupported type), in words for the user; undefined = it can. */
  readonly outOfService: string | undefined;
};

/** The relay's settings: the file with every default applied. Durations in milliseconds. */
export type Config = {
  readonly server: {
    readonly host: string;
    readonly port: number;
    /** Relay tokens (`auth.api_key`, `auth.bearer_secret`); empty = no relay auth. */
    readonly tokens: readonly string[];
    readonly allowSubscription: boolean;
    readonly allowedHosts: readonly string[];
    readonly timeoutMs: number;
    readonly maxBodyBytes: number;
    /** 0 = unlimited. */
    readonly maxConcurrent: number;
  };
  readonly routing: {
    readonly strategy: Strategy;
    /** Whether a session stays with the upstream that served it. */
    readonly affinity: 'session' | 'none';
    readonly debug: boolean;
    readonly maxAttempts: number;
    readonly patienceMs: number;
    /** Longest known wait for a cooldown or limit that a request may be queued for; 0 = never queue. */
    readonly queueTimeoutMs: number;
    readonly subscriptionFailover: boolean;
    /** Beginning of a model's name to the provider that serves it; read by `model_based` only. */
    readonly modelMapping: ReadonlyMap<string, string>;
    /** The provider for all other models; read by `model_based` only. */
    readonly defaultProvider: string | undefined;
  };
  /** When an upstream's circuit breaker opens and closes (behaviour.md 4). */
  readonly breaker: {
    readonly failureThreshold: number;
    readonly openDurationMs: number;
    readonly halfOpenProbes: number;
  };
  readonly health: {
    readonly probes: { readonly isEnabled: boolean; readonly intervalMs: number };
  };
  readonly logging: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly format: 'json' | 'pretty' | 'auto';
    /** `stderr`, `stdout`, or a file's path. */
    readonly output: string;
  };
  readonly upstreams: readonly UpstreamConfig[];
};

/** Something wrong with a config text: where (1-based; undefined = the whole file) and what to do about it. */
export type ConfigProblem = {
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** Dotted, as written: `providers[0].base_url`. Empty = the whole file. */
  readonly path: string;
  readonly message: string;
};

/** A file that may be used, with what its author should know about it, or every reason why it may not. */
export type ConfigResult =
  | { readonly ok: true; readonly config: Config; readonly notices: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };
