import type { ProviderType } from '../contracts/config.ts';
import type { UpstreamConfig } from './config.ts';

type ProviderDefaults = {
  /** Empty where the address depends on region, project or resource. */
  readonly baseUrl: string;
  readonly auth: UpstreamConfig['auth'];
  readonly isSupported: boolean;
};

/** What each provider type means when its entry says nothing. */
export const providerDefaults: Readonly<Record<ProviderType, ProviderDefaults>> = {
  anthropic: { baseUrl: 'https://api.anthropic.com', auth: 'x-api-key', isSupported: true },
  zai: { baseUrl: 'https://api.z.ai/api/anthropic', auth: 'bearer', isSupported: false },
  minimax: { baseUrl: 'https://api.minimax.io/anthropic', auth: 'bearer', isSupported: false },
  ollama: { baseUrl: 'http://localhost:11434', auth: 'x-api-key', isSupported: false },
  bedrock: { baseUrl: '', auth: 'x-api-key', isSupported: false },
  azure: { baseUrl: '', auth: 'x-api-key', isSupported: false },
  vertex: { baseUrl: '', auth: 'x-api-key', isSupported: false },
};
