import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findHeader } from '../../../../relay-core/messages/header-list.ts';
import {
  callOf,
  claudeCodeRequest,
  destination,
  openBedrock,
  openBedrockWithClock,
  sdkRequest,
} from './bedrock-parts.ts';

const json = (body: Buffer | undefined): unknown => JSON.parse((body ?? Buffer.alloc(0)).toString('utf8'));
const modelIn = (url: string): string => decodeURIComponent(url.split('/')[2] ?? '');

describe('a request to Bedrock', () => {
  it.each(['create', 'arn', 'session', 'stream', 'beta-stream', 'apikey'])(
    'has path and body of the official client’s (%s)',
    async (name) => {
      const official = sdkRequest(`v0-sdk-bedrock-${name}`);
      const { anthropic_version: _version, anthropic_beta: betas, ...rest } = official.body;
      const isStream = official.url.endsWith('-stream');
      const call = callOf(
        { model: 'claude-sonnet-4-6', ...rest, ...(isStream ? { stream: true } : {}) },
        Array.isArray(betas) ? ['anthropic-beta', betas.join(',')] : [],
      );
      const request = await openBedrock().buildRequest(call, destination(modelIn(official.url)));
      expect(request).toMatchObject({
        method: 'POST',
        origin: 'https://bedrock-runtime.us-west-2.amazonaws.com',
        path: official.url,
      });
      expect(json(request.body)).toEqual(official.body);
      const sentHash = official.headers['x-amz-content-sha256'];
      if (sentHash !== undefined)
        expect(
          createHash('sha256')
            .update(request.body ?? '')
            .digest('hex'),
        ).toBe(sentHash);
    },
  );

  it('is what Claude Code itself would send to Bedrock', async () => {
    const own = claudeCodeRequest('p-opus55-apikey');
    const cloud = claudeCodeRequest('cc-bedrock-invoke');
    const call = callOf(own.body, own.rawHeaders);
    const request = await openBedrock().buildRequest(call, destination('claude-opus-5-5'));
    expect(request.path).toBe(cloud.url);
    const sent = shapeOf(json(request.body));
    expect(sent).toEqual(shapeOf(cloud.body));
    const betas = (findHeader(request.headers, 'anthropic-beta') ?? '').split(',');
    expect(betas.toSorted()).toEqual(
      (findHeader(cloud.rawHeaders, 'anthropic-beta') ?? '').split(',').toSorted(),
    );
  });

  it('keeps the client’s order of fields, and is the same for the same request', async () => {
    const { body, rawHeaders } = claudeCodeRequest('p-opus55-apikey');
    const adapter = openBedrock();
    const [first, second] = await Promise.all(
      [1, 2].map(() => adapter.buildRequest(callOf(body, rawHeaders), destination('claude-opus-5-5'))),
    );
    expect(first?.body).toEqual(second?.body);
    expect(Object.keys(json(first?.body) as object)).toEqual([
      ...['messages', 'system', 'tools', 'metadata', 'max_tokens', 'thinking', 'output_config'],
      ...['anthropic_version', 'anthropic_beta'],
    ]);
  });

  it('leaves what an earlier turn said byte for byte the same on the next turn', async () => {
    const adapter = openBedrock();
    const bodies = await Promise.all(
      ['p-opus55-apikey', 'p-tool-turn-2'].map(async (name) => {
        const { body, rawHeaders } = claudeCodeRequest(name);
        const { body: sent } = await adapter.buildRequest(
          callOf(body, rawHeaders),
          destination('claude-opus-5-5'),
        );
        return json(sent) as { system: unknown; tools: unknown };
      }),
    );
    expect(JSON.stringify(bodies[1]?.tools)).toBe(JSON.stringify(bodies[0]?.tools));
    expect(JSON.stringify(bodies[1]?.system)).toBe(JSON.stringify(bodies[0]?.system));
  });

  it('drops safeguards, and a display that Bedrock does not know', async () => {
    const { body, rawHeaders } = claudeCodeRequest('tui-main-auto-mode');
    const { body: sent } = await openBedrock().buildRequest(
      callOf(body, rawHeaders),
      destination('claude-opus-5-5'),
    );
    expect(json(sent)).not.toHaveProperty('safeguards');
    expect(json(sent)).toHaveProperty('thinking', { type: 'adaptive' });
  });

  it('drops the long cache with its beta, and keeps the cache', async () => {
    const { body, rawHeaders } = claudeCodeRequest('p-oauth-sonnet55');
    expect(JSON.stringify(body)).toContain('"ttl"');
    const { body: sent } = await openBedrock().buildRequest(
      callOf(body, rawHeaders),
      destination('claude-sonnet-5-5'),
    );
    expect(sent?.toString()).not.toContain('"ttl"');
    expect(sent?.toString().split('"cache_control":{"type":"ephemeral"}')).toHaveLength(4);
  });

  it('keeps a field of nobody’s table, and a tool input called __proto__', async () => {
    const content = [{ type: 'tool_use', id: '1', name: 'x', input: JSON.parse('{"__proto__":{"a":1}}') }];
    const call = callOf({
      model: 'claude-opus-5-5',
      future: { a: [1] },
      messages: [{ role: 'user', content }],
    });
    const { body } = await openBedrock().buildRequest(call, destination('claude-opus-5-5'));
    expect(body?.toString()).toBe(
      '{"future":{"a":[1]},"messages":[{"role":"user","content":[{"type":"tool_use","id":"1","name":"x","input":{"__proto__":{"a":1}}}]}],"anthropic_version":"bedrock-2023-05-31"}',
    );
  });

  it('sends no beta to a model whose family does not know it, nor the field that goes with it', async () => {
    const { body, rawHeaders } = claudeCodeRequest('p-haiku45');
    const request = await openBedrock().buildRequest(
      callOf(body, rawHeaders),
      destination('claude-haiku-4-5'),
    );
    expect(request.path).toContain('/us.anthropic.claude-haiku-4-5-20251001-v1:0/');
    expect(json(request.body)).toMatchObject({ anthropic_beta: ['interleaved-thinking-2025-05-14'] });
    expect(request.body?.toString()).not.toContain('defer_loading');
    expect(request.body?.toString()).not.toContain('"display"');
  });

  it('judges a profile’s ARN by the model that the client asked for', async () => {
    const arn = 'arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc';
    const call = callOf({ model: 'claude-sonnet-4-6', messages: [] }, [
      'anthropic-beta',
      'context-1m-2025-08-07',
    ]);
    const { body } = await openBedrock().buildRequest(call, destination(arn));
    expect(json(body)).toMatchObject({ anthropic_beta: ['context-1m-2025-08-07'] });
  });

  it('has the entry’s own headers in place of others', async () => {
    const call = callOf({ model: 'claude-opus-5-5', messages: [] }, ['User-Agent', 'client']);
    const own = [
      ['accept', 'application/x'],
      ['user-agent', 'proxy'],
    ] as const;
    const { headers } = await openBedrock().buildRequest(
      call,
      destination('claude-opus-5-5', { headers: own }),
    );
    expect(headers.slice(0, 8)).toEqual([
      ...['accept-encoding', 'identity', 'content-type', 'application/json', ...own.flat()],
    ]);
  });

  it('goes to base_url where there is one, and has no credential or AWS header of the client', async () => {
    const call = callOf({ model: 'claude-opus-5-5', messages: [] }, [
      ...['authorization', 'Bearer client', 'x-api-key', 'client', 'X-Amz-Date', 'x', 'x-amzn-trace', 'y'],
      ...['Accept', 'text/event-stream', 'anthropic-beta', 'oauth-2025-04-20', 'X-Stainless-OS', 'Linux'],
    ]);
    const request = await openBedrock({ baseUrl: 'http://127.0.0.1:8080/aws' }).buildRequest(
      call,
      destination('claude-opus-5-5', { origin: 'http://127.0.0.1:8080', basePath: '/aws' }),
    );
    expect(request.origin).toBe('http://127.0.0.1:8080');
    expect(request.path).toBe('/aws/model/us.anthropic.claude-opus-5-5/invoke');
    const names = request.headers.filter((_part, at) => at % 2 === 0);
    expect(names).toEqual([
      ...['X-Stainless-OS', 'accept-encoding', 'accept', 'content-type'],
      ...['x-amz-date', 'x-amz-content-sha256', 'authorization'],
    ]);
    expect(request.headers.join()).not.toContain('client');
    expect(findHeader(request.headers, 'accept')).toBe('application/json');
  });
});

describe('a model that refuses a beta without naming it', () => {
  const refusal = {
    status: 400,
    headers: ['x-amzn-errortype', 'ValidationException'],
    body: Buffer.from('{"message":"invalid beta flag"}'),
  };

  it('gets none from then on, while others keep theirs', async () => {
    const { body, rawHeaders } = claudeCodeRequest('p-opus55-apikey');
    const { adapter, clock } = openBedrockWithClock();
    expect(adapter.learnFrom(refusal, 'claude-opus-5-5')).toBe(true);
    const build = (model: string) => adapter.buildRequest(callOf(body, rawHeaders), destination(model));
    const request = await build('claude-opus-5-5');
    expect(json(request.body)).not.toHaveProperty('anthropic_beta');
    expect(request.body?.toString()).not.toContain('defer_loading');
    expect(findHeader(request.headers, 'anthropic-beta')).toBeUndefined();
    expect(json((await build('claude-sonnet-5-5')).body)).toHaveProperty('anthropic_beta');
    // One that was under way is worth another try; much later there is nothing more to learn.
    expect(adapter.learnFrom(refusal, 'claude-opus-5-5')).toBe(true);
    clock.advance(30_000);
    expect(adapter.learnFrom(refusal, 'claude-opus-5-5')).toBe(false);
  });

  it('teaches nothing by another refusal', () => {
    const other = { ...refusal, body: Buffer.from('{"message":"Malformed input request"}') };
    expect(openBedrock().learnFrom(other, 'claude-opus-5-5')).toBe(false);
  });
});

/** Texts are filler of varying length, and betas a set: neither is part of the shape. */
const shapeOf = (body: unknown): unknown =>
  JSON.parse(
    JSON.stringify(body, (name, value) => {
      if (name === 'anthropic_beta' && Array.isArray(value)) return value.toSorted();
      if (name === 'user_id') return 'a session';
      return typeof value === 'string' && value.startsWith('[redacted') ? 'text' : value;
    }),
  );
