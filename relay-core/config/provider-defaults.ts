import type { ProviderType } from '../contracts/config.ts';
import type { UpstreamConfig } from './config.ts';

type ProviderDefaults = {
  /** Empty where the address depends on region, project or resource. */
  readonly baseUrl: string;
  readonly auth: UpstreamConfig['auth'];
  /** Whether nothing can be asked of it without a key of its own. */
  readonly needsKey: boolean;
};

/** What each provider type means when its entry says nothing. */
export const providerDefaults: Readonly<Record<ProviderType, ProviderDefaults>> = {
  anthropic: { baseUrl: 'https://api.anthropic.com', auth: 'x-api-key', needsKey: false },
  zai: { baseUrl: 'https://api.z.ai/api/anthropic', auth: 'bearer', needsKey: true },
  minimax: { baseUrl: 'https://api.minimax.io/anthropic', auth: 'bearer', needsKey: true },
  ollama: { baseUrl: 'http://localhost:11434', auth: 'x-api-key', needsKey: false },
  bedrock: { baseUrl: '', auth: 'x-api-key', needsKey: false },
  azure: { baseUrl: '', auth: 'x-api-key', needsKey: false },
  vertex: { baseUrl: '', auth: 'x-api-key', needsKey: false },
};

/** How a provider wants its key when its entry does not say: Ollama's cloud, unlike a local one, only as a bearer. */
export function defaultAuth(type: ProviderType, baseUrl: string): UpstreamConfig['auth'] {
  const host = URL.parse(baseUrl)?.hostname ?? '';
  const isOllamaCloud = type === 'ollama' && (host === 'ollama.com' || host.endsWith('.ollama.com'));
  return isOllamaCloud ? 'bearer' : providerDefaults[type].auth;
}
