import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../../relay-core/config/config.ts';
import { readConfig } from '../../../relay-core/config/load-config.ts';
import type { ConfigFormat } from '../../../relay-core/config/parsed-text.ts';

const folder = new URL('../../fixtures/documentation/', import.meta.url);
const pages = readdirSync(folder).filter((name) => name.startsWith('providers.'));

type Block = { readonly format: ConfigFormat; readonly text: string; readonly name: string };

const env = {
  ANTHROPIC_API_KEY: 'dummy-anthropic',
  ZAI_API_KEY: 'dummy-zai',
  AZURE_API_KEY: 'dummy-azure',
  AWS_ACCESS_KEY_ID: 'dummy-id',
  AWS_SECRET_ACCESS_KEY: 'dummy-secret',
  GOOGLE_CLOUD_PROJECT: 'dummy-project',
};

function blocksOf(page: string): readonly Block[] {
  const text = readFileSync(new URL(page, folder), 'utf8');
  return [...text.matchAll(/^( *)```(yaml|toml)\n([\s\S]*?)^\1```$/gm)].map((match) => {
    const line = text.slice(0, match.index).split('\n').length;
    const format = match[2] === 'toml' ? 'toml' : 'yaml';
    return { format, text: match[3] ?? '', name: `${page}:${line} (${format})` };
  });
}

function read({ text, format, name }: Block) {
  const result = readConfig(text, { env, format });
  if (!result.ok) throw new Error(`${name}: ${JSON.stringify(result.problems)}`);
  return result;
}

/** What a reader of the page would expect of a provider: only what is written there. */
function meaningOf(config: Config) {
  return config.upstreams.map((upstream) => ({
    name: upstream.name,
    type: upstream.type,
    baseUrl: upstream.baseUrl,
    priority: upstream.priority,
    keys: upstream.keys.map(({ material }) => material),
    limits: upstream.keys.map(({ limits: { rpm, tpm } }) => [rpm, tpm]),
    models: upstream.models,
    mapping: Object.fromEntries(upstream.modelMapping),
  }));
}

const nothing = { models: undefined, mapping: {} };
const unlimited = { limits: [[0, 0]] };
const zaiUrl = 'https://api.z.ai/api/anthropic';
const ollamaUrl = 'http://localhost:11434';
const claude = {
  sonnet: ['claude-sonnet-4-5-20250514', 'claude-sonnet-4-5'],
  haiku: ['claude-haiku-3-5-20241022', 'claude-haiku-3-5'],
};
function mapping(sonnet: string, haiku: string) {
  return Object.fromEntries([
    ...claude.sonnet.map((model) => [model, sonnet]),
    ...claude.haiku.map((model) => [model, haiku]),
  ]);
}
const sonnetOnly = Object.fromEntries(claude.sonnet.map((model) => [model, 'GLM-4.7']));

/** Every configuration block in the order of the page, with the meaning that the text around it gives it. */
const examples: readonly {
  readonly title: string;
  readonly providers: readonly object[];
  readonly more?: object;
}[] = [
  {
    title: 'Anthropic',
    providers: [
      {
        ...{ name: 'anthropic', type: 'anthropic', baseUrl: 'https://api.anthropic.com', priority: 2 },
        ...{ keys: ['dummy-anthropic'], limits: [[60, 100_000]], mapping: {} },
        models: ['claude-sonnet-4-5-20250514', 'claude-opus-4-5-20250514', 'claude-haiku-3-5-20241022'],
      },
    ],
  },
  { title: 'subscription', providers: [], more: { server: { allowSubscription: true } } },
  {
    title: 'Z.AI',
    providers: [
      {
        ...{ name: 'zai', type: 'zai', baseUrl: zaiUrl, priority: 1, keys: ['dummy-zai'], ...unlimited },
        ...{ models: ['GLM-4.7', 'GLM-4.5-Air', 'GLM-4-Plus'], mapping: mapping('GLM-4.7', 'GLM-4.5-Air') },
      },
    ],
  },
  { title: 'mapping alone', providers: [] },
  {
    title: 'Ollama',
    providers: [
      {
        ...{
          name: 'ollama',
          type: 'ollama',
          baseUrl: ollamaUrl,
          priority: 0,
          keys: ['ollama'],
          ...unlimited,
        },
        models: ['qwen3:32b', 'qwen3:8b', 'codestral:latest'],
        mapping: mapping('qwen3:32b', 'qwen3:8b'),
      },
    ],
  },
  {
    title: 'Ollama outside a container',
    providers: [
      {
        ...{ name: 'ollama', type: 'ollama', baseUrl: 'http://host.docker.internal:11434' },
        ...{ priority: 1, keys: [], limits: [], ...nothing },
      },
    ],
  },
  {
    title: 'Bedrock',
    providers: [
      {
        ...{
          name: 'bedrock',
          type: 'bedrock',
          baseUrl: '',
          priority: 1,
          keys: [],
          limits: [],
        },
        models: undefined,
        mapping: {
          'claude-sonnet-4-5-20250514': 'anthropic.claude-sonnet-4-5-20250514-v1:0',
          'claude-sonnet-4-5': 'anthropic.claude-sonnet-4-5-20250514-v1:0',
          'claude-haiku-3-5-20241022': 'anthropic.claude-haiku-3-5-20241022-v1:0',
        },
      },
    ],
  },
  {
    title: 'Azure',
    providers: [
      {
        ...{ name: 'azure', type: 'azure', baseUrl: '', priority: 1, keys: ['dummy-azure'], ...unlimited },
        models: undefined,
        mapping: {
          'claude-sonnet-4-5-20250514': 'claude-sonnet-4-5',
          'claude-sonnet-4-5': 'claude-sonnet-4-5',
          'claude-haiku-3-5': 'claude-haiku-3-5',
        },
      },
    ],
  },
  { title: 'deployment names', providers: [] },
  {
    title: 'Vertex',
    providers: [
      {
        ...{
          name: 'vertex',
          type: 'vertex',
          baseUrl: '',
          priority: 1,
          keys: [],
          limits: [],
        },
        models: undefined,
        mapping: {
          'claude-sonnet-4-5-20250514': 'claude-sonnet-4-5@20250514',
          'claude-sonnet-4-5': 'claude-sonnet-4-5@20250514',
          'claude-haiku-3-5-20241022': 'claude-haiku-3-5@20241022',
        },
      },
    ],
  },
  {
    title: 'model mapping',
    providers: [
      {
        ...{ name: 'zai', type: 'zai', baseUrl: zaiUrl, priority: 1, keys: [], limits: [] },
        ...{ models: undefined, mapping: sonnetOnly },
      },
    ],
  },
  {
    title: 'several providers',
    providers: [
      {
        ...{ name: 'anthropic', type: 'anthropic', baseUrl: 'https://api.anthropic.com', priority: 2 },
        ...{ keys: ['dummy-anthropic'], ...unlimited, ...nothing },
      },
      {
        name: 'zai',
        type: 'zai',
        baseUrl: zaiUrl,
        priority: 1,
        keys: ['dummy-zai'],
        ...unlimited,
        ...nothing,
      },
      {
        name: 'ollama',
        type: 'ollama',
        baseUrl: ollamaUrl,
        priority: 0,
        keys: ['ollama'],
        ...unlimited,
        ...nothing,
      },
    ],
    more: { routing: { strategy: 'failover' } },
  },
  { title: 'models and mapping alone', providers: [] },
];

describe.each(pages)('every configuration block of %s', (page) => {
  const blocks = blocksOf(page);

  it.each([...new Set(blocks.map(({ format }) => format))])('means in %s what the page says', (format) => {
    const own = blocks.filter((block) => block.format === format);
    expect(own.length).toBe(examples.length);
    for (const [index, block] of own.entries()) {
      const { config } = read(block);
      expect(meaningOf(config), block.name).toEqual(examples[index]?.providers);
      expect(config, block.name).toMatchObject(examples[index]?.more ?? {});
    }
  });

  it('means the same in both tabs', () => {
    const yaml = blocks.filter(({ format }) => format === 'yaml');
    for (const [index, toml] of blocks.filter(({ format }) => format === 'toml').entries()) {
      const twin = yaml[index];
      if (twin === undefined) throw new Error(`${toml.name} has no YAML tab`);
      expect(read(toml).config, toml.name).toEqual(read(twin).config);
    }
  });
});

describe('the notices of documented blocks', () => {
  const isExpected = (message: string) =>
    /does not say "enabled"|no provider is enabled|at the top level|has no key|belongs to the provider/.test(
      message,
    );

  it('are only those that the documentation calls for', () => {
    for (const block of pages.flatMap(blocksOf)) {
      const others = read(block).notices.filter(({ message }) => !isExpected(message));
      expect(others, block.name).toEqual([]);
    }
  });

  it('name the line of each misplaced list of models, which only TOML has', () => {
    const lines = (format: ConfigFormat) =>
      pages
        .flatMap(blocksOf)
        .flatMap((block) =>
          block.format !== format
            ? []
            : read(block).notices.flatMap(({ line, path, message }) =>
                message.startsWith('belongs') ? [`${path} ${block.text.split('\n')[(line ?? 0) - 1]}`] : [],
              ),
        );
    expect(lines('yaml')).toEqual([]);
    expect(lines('toml')).toEqual([
      'providers[0].keys[0].models models = [',
      'providers[0].model_mapping.models models = [',
      'providers[0].model_mapping.models models = [',
    ]);
  });

  it('call nobody out of service who has a key or needs none', () => {
    const states = pages.flatMap(blocksOf).flatMap((block) => read(block).config.upstreams);
    for (const { type, keys, outOfService } of states) {
      const lacksKey = type === 'zai' && keys.length === 0;
      expect(outOfService !== undefined, type).toBe(lacksKey);
    }
  });
});
