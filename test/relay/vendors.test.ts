import { afterEach, describe, expect, it } from 'vitest';
import { call, smallBody } from '../support/call.ts';
import {
  answer,
  errorAnswer,
  messageAnswer,
  messageBody,
  ScriptedUpstream,
  streamAnswer,
  streamEvents,
} from '../support/scripted-upstream.ts';
import { ollamaStream, startOllama, zaiEnvelope, zaiError } from '../support/scripted-vendors.ts';
import { type StartedRelay, startRelay } from '../support/start-relay.ts';

let relay: StartedRelay;
const opened: ScriptedUpstream[] = [];

const keep = async (starting: Promise<ScriptedUpstream>): Promise<ScriptedUpstream> => {
  const upstream = await starting;
  opened.push(upstream);
  return upstream;
};

const open = async (providers: readonly Record<string, unknown>[], more: object = {}) => {
  relay = await startRelay({
    file: { routing: { debug: true, patience_ms: 0, strategy: 'failover' }, providers },
    ...more,
  });
};

afterEach(async () => {
  await relay.stop();
  for (const upstream of opened.splice(0)) await upstream.stop();
});

const ollamaAt = (url: string, more: Record<string, unknown> = {}) => ({
  ...{ name: 'ollama', type: 'ollama', enabled: true, base_url: url, keys: [{ key: 'ollama', priority: 0 }] },
  ...more,
});
const zaiAt = (url: string, more: Record<string, unknown> = {}) => ({
  ...{ name: 'zai', type: 'zai', enabled: true, base_url: url, keys: [{ key: 'dummy-zai', priority: 1 }] },
  ...more,
});
const anthropicAt = (url: string) => ({
  ...{ name: 'anthropic', type: 'anthropic', enabled: true, base_url: url },
  keys: [{ key: 'dummy-anthropic', priority: 2 }],
});

const sonnet = (more: object = {}) => smallBody({ model: 'claude-sonnet-4-5-20250514', ...more });
const errorOf = (text: string): string => JSON.parse(text).error.message;

describe('the documented multi-provider example', () => {
  it.each([true, false])('fails over 429 → Z.AI → Ollama (streaming: %s)', async (stream) => {
    const anthropic = await keep(ScriptedUpstream.start(errorAnswer(429, 'rate_limit_error')));
    const zai = await keep(ScriptedUpstream.start(stream ? streamAnswer() : messageAnswer()));
    const ollama = await keep(startOllama({ models: ['qwen3:32b', 'qwen3:8b'] }));
    await open([anthropicAt(anthropic.url), zaiAt(zai.url), ollamaAt(ollama.url)]);
    const second = await call(relay.url, { body: sonnet({ stream }) });
    expect([second.status, second.headers['x-cc-relay-provider']]).toEqual([200, 'zai']);
    expect(second.text).toBe(stream ? streamEvents().join('') : messageBody);
    expect(zai.requests[0]?.headers.authorization).toBe('Bearer dummy-zai');
    expect(zai.requests[0]?.headers['x-api-key']).toBeUndefined();
    expect(JSON.parse(zai.requests[0]?.body.toString() ?? '').model).toBe('glm-5.3');
    zai.always(zaiError('1305', 'Overloaded'));
    const third = await call(relay.url, { body: sonnet({ stream }) });
    expect([third.status, third.headers['x-cc-relay-provider']]).toEqual([200, 'ollama']);
    const posted = ollama.requests.filter(({ method }) => method === 'POST');
    expect(JSON.parse(posted[0]?.body.toString() ?? '').model).toBe('qwen3:32b');
    if (stream) expect(third.text).toBe(ollamaStream('qwen3:32b').join(''));
  });
});

describe('Z.AI', () => {
  it('maps models as documented: exact, then by family, then the first listed', async () => {
    const zai = await keep(ScriptedUpstream.start());
    const mapping = { 'claude-sonnet-4-5-20250514': 'GLM-4.7', 'claude-haiku-3-5': 'GLM-4.5-Air' };
    await open([zaiAt(zai.url, { model_mapping: mapping, models: ['GLM-4-Plus'] })]);
    const asked = [
      'claude-sonnet-4-5-20250514',
      'claude-haiku-5-5',
      'claude-opus-5-5',
      'GLM-4-Plus',
      'claude-sonnet-5-5[1m]',
    ];
    for (const model of asked) await call(relay.url, { body: smallBody({ model }) });
    expect(zai.requests.map(({ body }) => JSON.parse(body.toString()).model)).toEqual([
      ...['GLM-4.7', 'GLM-4.5-Air', 'GLM-4-Plus', 'GLM-4-Plus'],
      'GLM-4.7',
    ]);
  });

  it.each([
    ['1308', 'Usage limit reached for 5 hour. Your limit will reset at 2026-11-21 03:10:05'],
    ['1310', 'Weekly limit reached. Your limit will reset at 2030-01-01 00:00:00'],
    ['1113', 'Insufficient balance'],
  ])('code %s is a plan used up: no client retry, another provider serves', async (code, message) => {
    const zai = await keep(ScriptedUpstream.start(zaiError(code, message)));
    await open([zaiAt(zai.url)]);
    const alone = await call(relay.url);
    expect([alone.status, alone.headers['x-should-retry']]).toEqual([429, 'false']);
    expect(relay.events.find(({ kind }) => kind === 'key-cooled-down')).toMatchObject({
      reason: 'quota-exhausted',
    });
    await relay.stop();
    const ollama = await keep(startOllama({ models: ['qwen3:8b'] }));
    await open([zaiAt(zai.url), ollamaAt(ollama.url)]);
    expect((await call(relay.url)).headers['x-cc-relay-provider']).toBe('ollama');
    expect((await call(relay.url)).headers['x-cc-relay-provider']).toBe('ollama');
    expect(zai.requests).toHaveLength(2);
  });

  it('reads its reset as China’s time', async () => {
    const zai = await keep(ScriptedUpstream.start());
    await open([zaiAt(zai.url)]);
    const inTwoHours = new Date(Date.now() + 7_200_000 + 8 * 3_600_000)
      .toISOString()
      .slice(0, 19)
      .replace('T', ' ');
    zai.always(zaiEnvelope('1308', `Your limit will reset at ${inTwoHours}`));
    const seen = await call(relay.url);
    expect(Number(seen.headers['retry-after'])).toBeGreaterThan(7_190);
    expect(Number(seen.headers['retry-after'])).toBeLessThan(7_210);
  });

  it('a wrong key answers with the guide’s remedy', async () => {
    const zai = await keep(
      ScriptedUpstream.start(errorAnswer(401, 'authentication_error', { message: 'token expired' })),
    );
    await open([zaiAt(zai.url)]);
    const seen = await call(relay.url);
    expect(seen.status).toBe(401);
    expect(errorOf(seen.text)).toBe(
      'zai: token expired; check the key (ZAI_API_KEY) at z.ai/model-api and that it is activated',
    );
  });

  it('whose variable is not set answers with its name', async () => {
    await open([zaiAt('http://127.0.0.1:9', { keys: [{ key: `\${ZAI_API_KEY}` }] })]);
    const seen = await call(relay.url);
    expect([seen.status, seen.headers['x-should-retry']]).toEqual([503, 'false']);
    expect(errorOf(seen.text)).toContain('zai: ');
    expect(errorOf(seen.text)).toContain('ZAI_API_KEY');
  });

  it('a 400 of its own passes verbatim', async () => {
    const zai = await keep(
      ScriptedUpstream.start(zaiError('1210', 'thinking type disabled is not supported', 400)),
    );
    await open([zaiAt(zai.url)]);
    const seen = await call(relay.url);
    expect([seen.status, errorOf(seen.text)]).toEqual([400, 'thinking type disabled is not supported']);
  });
});

describe('Ollama', () => {
  it('lists what is installed, from /api/tags, unless models are configured', async () => {
    const ollama = await keep(startOllama({ models: ['qwen3:32b', 'codestral:latest'] }));
    await open([ollamaAt(ollama.url)]);
    const listed = JSON.parse((await call(relay.url, { method: 'GET', path: '/v1/models' })).text);
    expect(listed.data).toMatchObject([
      { type: 'model', id: 'qwen3:32b', created_at: '2026-10-01T08:00:00.000Z' },
      { id: 'codestral:latest' },
    ]);
  });

  it('that does not run answers with the guide’s remedy', async () => {
    const ollama = await ScriptedUpstream.start();
    const { url } = ollama;
    await ollama.stop();
    await open([ollamaAt(url)]);
    const unmapped = await call(relay.url);
    expect([unmapped.status, unmapped.headers['x-should-retry']]).toEqual([503, 'false']);
    expect(errorOf(unmapped.text)).toContain('is Ollama running? Start it with `ollama serve`');
    await relay.stop();
    await open([ollamaAt(url, { model_mapping: { '*': 'qwen3:8b' } })]);
    const mapped = await call(relay.url);
    expect(mapped.status).toBe(502);
    expect(errorOf(mapped.text)).toMatch(/^ollama: connection refused \(ECONNREFUSED\); is Ollama running\?/);
  });

  it('without the model answers with the command that installs it', async () => {
    const ollama = await keep(startOllama({ models: ['qwen3:8b'] }));
    await open([ollamaAt(ollama.url, { model_mapping: { 'claude-*': 'qwen3:32b' } })]);
    const seen = await call(relay.url, { body: sonnet() });
    expect(seen.status).toBe(404);
    expect(errorOf(seen.text)).toBe(
      "ollama: model 'qwen3:32b' not found; the model is not installed: `ollama pull qwen3:32b`, or correct model_mapping",
    );
  });

  it('with nothing to map to is left out, and says why', async () => {
    const ollama = await keep(startOllama({ models: [] }));
    await open([ollamaAt(ollama.url)]);
    const seen = await call(relay.url, { body: sonnet() });
    expect(seen.status).toBe(503);
    expect(errorOf(seen.text)).toContain('ollama: no model for claude-sonnet-4-5-20250514');
  });

  it.each<[string, object]>([
    [
      'documents',
      { messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'base64', data: '' } }] }] },
    ],
    [
      'URL',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image', source: { type: 'url', url: 'https://example.test/x.png' } }],
          },
        ],
      },
    ],
    ['tool_choice', { tools: [], tool_choice: { type: 'tool', name: 'x' } }],
    [
      'documents',
      { messages: [{ role: 'user', content: [{ type: 'tool_result', content: [{ type: 'document' }] }] }] },
    ],
  ])('is not asked for what it would silently drop (%s)', async (word, request) => {
    const ollama = await keep(startOllama({ models: ['qwen3:8b'] }));
    await open([ollamaAt(ollama.url)]);
    const alone = await call(relay.url, { body: sonnet(request) });
    expect(alone.status).toBe(400);
    expect(errorOf(alone.text)).toContain(word);
    await relay.stop();
    const anthropic = await keep(ScriptedUpstream.start());
    await open([{ ...ollamaAt(ollama.url), priority: 9 }, anthropicAt(anthropic.url)]);
    expect((await call(relay.url, { body: sonnet(request) })).headers['x-cc-relay-provider']).toBe(
      'anthropic',
    );
    expect((await call(relay.url, { body: sonnet() })).headers['x-cc-relay-provider']).toBe('ollama');
    expect(ollama.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('may talk of documents and URLs in a text', async () => {
    const ollama = await keep(startOllama({ models: ['qwen3:8b'] }));
    await open([ollamaAt(ollama.url)]);
    const content = 'a "document" with "url" and "tool_choice": {"type":"tool"}';
    const body = sonnet({ messages: [{ role: 'user', content }], tool_choice: { type: 'auto' } });
    expect((await call(relay.url, { body })).status).toBe(200);
  });

  it('gets pings to its client while a model loads', async () => {
    const ollama = await keep(startOllama({ models: ['qwen3:8b'], loadMs: 600 }));
    await open([ollamaAt(ollama.url)], { timeScale: 100 });
    const seen = await call(relay.url, { body: sonnet({ stream: true }) });
    expect(seen.status).toBe(200);
    expect(seen.text.match(/event: ping/g)?.length).toBeGreaterThanOrEqual(1);
    expect(seen.text.endsWith(ollamaStream('qwen3:8b').join(''))).toBe(true);
    expect(seen.isWhole).toBe(true);
  });

  it('with a context window too small for Claude Code is warned about, once', async () => {
    const ollama = await keep(startOllama({ models: ['qwen3:8b'], contextLength: 4096 }));
    await open([ollamaAt(ollama.url)]);
    for (let count = 0; count < 3; count += 1) await call(relay.url, { body: sonnet() });
    const warned = await relay.waitFor('upstream-warned');
    expect(warned.message).toContain('OLLAMA_CONTEXT_LENGTH');
    await call(relay.url, { body: sonnet() });
    expect(relay.events.filter(({ kind }) => kind === 'upstream-warned')).toHaveLength(1);
  });

  it('counts tokens by estimate', async () => {
    const ollama = await keep(startOllama({ models: ['qwen3:8b'] }));
    await open([ollamaAt(ollama.url)]);
    const seen = await call(relay.url, { path: '/v1/messages/count_tokens', body: sonnet() });
    expect([seen.status, seen.headers['x-cc-relay-estimated']]).toEqual([200, 'true']);
  });

  it('in its cloud is asked with a bearer key', async () => {
    const cloud = await keep(ScriptedUpstream.start());
    await open([
      ollamaAt(cloud.url, { auth: 'bearer', models: ['glm:cloud'], keys: [{ key: 'dummy-cloud' }] }),
    ]);
    await call(relay.url);
    expect(cloud.requests[0]?.headers.authorization).toBe('Bearer dummy-cloud');
  });
});

describe('MiniMax', () => {
  it('is asked with a bearer key for the model that the user named', async () => {
    const minimax = await keep(ScriptedUpstream.start());
    await open([
      {
        name: 'minimax',
        type: 'minimax',
        base_url: minimax.url,
        keys: [{ key: 'dummy-mini' }],
        model_mapping: { '*sonnet*': 'MiniMax-M2.5' },
      },
    ]);
    await call(relay.url, { body: sonnet() });
    expect(minimax.requests[0]?.headers.authorization).toBe('Bearer dummy-mini');
    expect(JSON.parse(minimax.requests[0]?.body.toString() ?? '').model).toBe('MiniMax-M2.5');
  });
});

describe('any vendor of Anthropic’s format', () => {
  it('works as type anthropic with auth and static headers', async () => {
    const vendor = await keep(ScriptedUpstream.start(answer(200, messageBody)));
    await open([
      {
        ...{ name: 'vendor', type: 'anthropic', base_url: `${vendor.url}/compat`, auth: 'bearer' },
        ...{ headers: { 'x-vendor-project': 'dummy' }, keys: [{ key: 'dummy-vendor' }] },
      },
    ]);
    await call(relay.url);
    expect(vendor.requests[0]).toMatchObject({
      url: '/compat/v1/messages?beta=true',
      headers: { authorization: 'Bearer dummy-vendor', 'x-vendor-project': 'dummy' },
    });
  });
});
