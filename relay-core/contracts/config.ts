/**
 * The configuration file as people write it: snake_case names, every documented section.
 * Unknown keys are errors; what is accepted without effect is listed in `config/notices.ts`.
 */
import { z } from 'zod';

const count = z.number().int().min(0);
const text = z.string().min(1);

/** One API key of a provider with its own limits. Limits: 0 = unlimited. */
const keySchema = z.strictObject({
  key: z.string().optional(),
  label: text.optional(),
  rpm_limit: count.optional(),
  tpm_limit: count.optional(),
  itpm_limit: count.optional(),
  otpm_limit: count.optional(),
  max_concurrent: count.optional(),
  priority: z.number().int().optional(),
  weight: count.optional(),
});

const providerTypes = ['anthropic', 'zai', 'minimax', 'ollama', 'bedrock', 'azure', 'vertex'] as const;
/** The dialects a provider entry can name. */
export type ProviderType = (typeof providerTypes)[number];

const strategies = [
  'failover',
  'round_robin',
  'weighted_round_robin',
  'shuffle',
  'weighted_failover',
  'least_loaded',
  'model_based',
] as const;
/** How candidates are ordered. */
export type Strategy = (typeof strategies)[number];

const olderStrategies = [
  'round-robin',
  'weighted-round-robin',
  'least-loaded',
  'least-busy',
  'model-based',
  'simple-shuffle',
  'weighted-failover',
  'cost-based',
  'latency-based',
] as const;
/** Spellings of older versions; `config/older-strategies.ts` says what each stands for. */
export type OlderStrategy = (typeof olderStrategies)[number];

/** Every accepted spelling of `routing.strategy`. */
export const strategySchema = z.enum([...strategies, ...olderStrategies]);

const timeoutsSchema = z.strictObject({
  connect_ms: z.number().int().min(1).optional(),
  first_byte_ms: z.number().int().min(1).optional(),
  idle_ms: z.number().int().min(1).optional(),
});

/** One entry of `providers:`. */
const providerSchema = z.strictObject({
  name: text,
  type: z.enum(providerTypes),
  enabled: z.boolean().optional(),
  base_url: text.optional(),
  auth: z.enum(['x-api-key', 'bearer']).optional(),
  headers: z.record(text, z.string()).optional(),
  proxy_url: text.optional(),
  pass_through: z.union([z.literal('auto'), z.boolean()]).optional(),
  priority: z.number().int().optional(),
  weight: count.optional(),
  max_concurrent: count.optional(),
  timeouts: timeoutsSchema.optional(),
  keys: z.array(keySchema).optional(),
  models: z.array(text).optional(),
  model_mapping: z.record(text, text).optional(),
  pooling: z
    .strictObject({
      enabled: z.boolean().optional(),
      strategy: z.enum(['least_loaded', 'round_robin', 'random', 'weighted']).optional(),
    })
    .optional(),
  aws_region: text.optional(),
  aws_access_key_id: text.optional(),
  aws_secret_access_key: text.optional(),
  aws_session_token: text.optional(),
  aws_profile: text.optional(),
  azure_resource_name: text.optional(),
  azure_api_version: text.optional(),
  azure_deployment_id: text.optional(),
  gcp_project_id: text.optional(),
  gcp_region: text.optional(),
});

const authSchema = z.strictObject({
  api_key: z.string().optional(),
  bearer_secret: z.string().optional(),
  allow_bearer: z.boolean().optional(),
  allow_subscription: z.boolean().optional(),
});

const serverSchema = z.strictObject({
  listen: text.optional(),
  api_key: z.string().optional(),
  auth: authSchema.optional(),
  allowed_hosts: z.array(text).optional(),
  timeout_ms: count.max(86_400_000).optional(),
  max_concurrent: count.optional(),
  max_body_bytes: count.optional(),
  enable_http2: z.boolean().optional(),
});

const routingSchema = z.strictObject({
  strategy: strategySchema.optional(),
  affinity: z.enum(['session', 'none']).optional(),
  debug: z.boolean().optional(),
  max_attempts: z.number().int().min(1).optional(),
  patience_ms: count.optional(),
  queue_timeout_ms: count.optional(),
  subscription_failover: z.boolean().optional(),
  failover_timeout: count.optional(),
  model_mapping: z.record(text, text).optional(),
  default_provider: text.optional(),
});

/** Names of older builds: accepted, one notice each, no effect. */
const obsolete = { deprecated: true } as const;
const obsoleteSection = z.looseObject({}).optional().meta(obsolete);

const loggingSchema = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error']).optional(),
  format: z.enum(['json', 'console', 'text', 'pretty']).optional(),
  output: text.optional(),
  file: z.unknown().optional().meta(obsolete),
  pretty: z.boolean().optional(),
  debug_options: z
    .strictObject({
      log_request_body: z.boolean().optional(),
      log_response_headers: z.boolean().optional(),
      log_tls_metrics: z.boolean().optional(),
      max_body_log_size: count.optional(),
    })
    .optional(),
});

const healthSchema = z.strictObject({
  health_check: z
    .strictObject({ enabled: z.boolean().optional(), interval_ms: z.number().int().optional() })
    .optional(),
  circuit_breaker: z
    .strictObject({
      failure_threshold: count.optional(),
      open_duration_ms: z.number().int().optional(),
      half_open_probes: count.optional(),
    })
    .optional(),
  check_interval_seconds: z.unknown().optional().meta(obsolete),
  recovery_timeout_seconds: z.unknown().optional().meta(obsolete),
  triggers: obsoleteSection,
  failover: obsoleteSection,
});

/** The whole file. Every section may be absent; without `providers` no request can be served. */
export const configFileSchema = z.strictObject({
  server: serverSchema.optional(),
  routing: routingSchema.optional(),
  providers: z.array(providerSchema).optional(),
  logging: loggingSchema.optional(),
  health: healthSchema.optional(),
  // Sections of other builds of the product: accepted whole, one notice each, no effect.
  cache: z.looseObject({}).optional(),
  grpc: z.looseObject({}).optional(),
  metrics: z.looseObject({}).optional(),
  // Excerpts of one provider, as documentation prints them: for every provider without its own.
  models: providerSchema.shape.models.meta(obsolete),
  model_mapping: providerSchema.shape.model_mapping.meta(obsolete),
});

/** The file's content after parsing and `${…}` expansion. */
export type ConfigFile = z.infer<typeof configFileSchema>;
/** One provider entry as written. */
export type ProviderEntry = z.infer<typeof providerSchema>;
