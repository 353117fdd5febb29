import { beforeEach, describe, expect, it } from 'vitest';
import { findHeader } from '../../../../relay-core/messages/header-list.ts';
import { CredentialError, type UpstreamRequest } from '../../../../relay-core/providers/provider.ts';
import { vertexCapabilities } from '../../../../relay-core/providers/vertex/capabilities.data.ts';
import { createVertexAdapter } from '../../../../relay-core/providers/vertex/vertex.ts';
import { vertexModelId } from '../../../../relay-core/providers/vertex/vertex-model-id.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import {
  callOf,
  callOfBytes,
  claudeCodeRequest,
  configOf,
  destinationOf,
  listIn,
  officialRequest,
  ownDialectNames,
  pathsIn,
  type Recorded,
} from './cloud-case.ts';

/** A credential of the entry's own: no token is asked for. */
const headers = [['Authorization', 'Bearer fixed']] as const;
const postForm = () => Promise.reject(new Error('no token is needed here'));

const adapterFor = (region = 'us-east5', project = 'dummy-project', baseUrl = '') =>
  createVertexAdapter({
    config: configOf({ gcpProjectId: project, gcpRegion: region }, { baseUrl }),
    env: {},
    clock: new FakeClock(),
    postForm,
  });

type Sent = UpstreamRequest & { readonly json: Record<string, unknown> };
const jsonOf = (request: UpstreamRequest): Sent => ({
  ...request,
  json: JSON.parse(request.body?.toString() ?? '{}'),
});

let adapter = adapterFor();
beforeEach(() => {
  adapter = adapterFor();
});

const send = async (
  recorded: Pick<Recorded, 'url' | 'rawHeaders' | 'body'>,
  mapped?: string,
): Promise<Sent> => {
  const call = callOf(recorded);
  const destination = destinationOf(call, { headers, ...(mapped === undefined ? {} : { model: mapped }) });
  return jsonOf(await adapter.buildRequest(call, destination));
};
const count = async (recorded: Recorded): Promise<Sent> => {
  const call = callOf(recorded);
  const request = await adapter.countTokens?.buildRequest(call, destinationOf(call, { headers }));
  if (request === undefined) throw new Error('no request');
  return jsonOf(request);
};

const withModel = (recorded: Recorded, model: string): Recorded => ({
  ...recorded,
  body: { ...recorded.body, model },
});
const withVersion = (recorded: Recorded, version: string): Recorded => ({
  ...recorded,
  rawHeaders: recorded.rawHeaders.map((value, at) =>
    recorded.rawHeaders[at - 1] === 'anthropic-version' ? version : value,
  ),
});

describe('Vertex against the official client', () => {
  it.each([
    ['v0-sdk-anthropic-create', 'claude-sonnet-4-5-20250929', 'v0-sdk-vertex-create'],
    ['v0-sdk-anthropic-stream', 'claude-sonnet-4-6', 'v0-sdk-vertex-stream'],
    ['v0-sdk-anthropic-beta-stream', 'claude-sonnet-4-6', 'v0-sdk-vertex-beta-stream'],
  ])('%s with %s becomes %s', async (own, model, official) => {
    const expected = officialRequest(official);
    const sent = await send(withModel(officialRequest(own), model));
    expect(sent.path).toBe(expected.url);
    expect(sent.json).toEqual(expected.body);
    expect(listIn(sent.headers, 'anthropic-beta')).toEqual(listIn(expected.rawHeaders, 'anthropic-beta'));
    expect(findHeader(sent.headers, 'anthropic-version')).toBe('2023-06-01');
    expect(sent.origin).toBe('https://us-east5-aiplatform.googleapis.com');
  });

  it('asks the global endpoint as it does', async () => {
    adapter = adapterFor('global');
    const sent = await send(officialRequest('v0-sdk-anthropic-create'));
    expect(sent.path).toBe(officialRequest('v0-sdk-vertex-global').url);
    expect(sent.origin).toBe('https://aiplatform.googleapis.com');
  });

  it('counts tokens as it does', async () => {
    const expected = officialRequest('v0-sdk-vertex-count');
    const sent = await count(officialRequest('v0-sdk-anthropic-count'));
    expect(sent.path).toBe(expected.url);
    expect(sent.json).toEqual(expected.body);
    expect(adapter.countTokens?.read(Buffer.from('{"input_tokens":42}'))).toBe(42);
    expect(adapter.countTokens?.read(Buffer.from('{"error":{}}'))).toBeUndefined();
  });

  it('keeps the version under a client of the newer API', async () => {
    const own = withModel(officialRequest('v0-sdk-anthropic-create'), 'claude-sonnet-4-5-20250929');
    const sent = await send(withVersion(own, '2026-10-21'));
    expect(sent.json).toEqual(officialRequest('sdk-vertex-create').body);
    const counted = await count(withVersion(officialRequest('v0-sdk-anthropic-count'), '2026-10-21'));
    expect(counted.json).toEqual(officialRequest('sdk-vertex-count').body);
  });
});

describe('Vertex against Claude Code’s own Vertex mode', () => {
  const oracle = claudeCodeRequest('cc-vertex');

  it('sends the betas that it sends, but for those that only it decides on', async () => {
    const sent = await send(claudeCodeRequest('p-opus55-apikey'));
    const theirs = listIn(oracle.rawHeaders, 'anthropic-beta').filter(
      (beta) => !beta.startsWith('web-search'),
    );
    expect(listIn(sent.headers, 'anthropic-beta').toSorted()).toEqual(theirs.toSorted());
  });

  it.each(ownDialectNames)('sends no field for %s that it does not send', async (name) => {
    const sent = await send(claudeCodeRequest(name));
    const conversation =
      /^messages\[\]\.content|^system$|^thinking\.budget|cache_control\.ttl|=enabled$|=assistant$/;
    const strange = [...pathsIn(sent.json)].filter(
      (path) => !pathsIn(oracle.body).has(path) && !conversation.test(path),
    );
    expect(strange).toEqual([]);
    expect(sent.json.anthropic_version).toBe(oracle.body.anthropic_version);
  });

  it('sends its path for its model', async () => {
    adapter = adapterFor('us-east5', 'dummy-proj');
    expect((await send(claudeCodeRequest('p-opus55-apikey'))).path).toBe(oracle.url);
  });

  it.each(ownDialectNames)('has a verdict on every beta of %s', (name) => {
    const betas = listIn(claudeCodeRequest(name).rawHeaders, 'anthropic-beta');
    const unknown = betas.filter(
      (beta) =>
        !vertexCapabilities.some((row) =>
          row.beta?.endsWith('*') ? beta.startsWith(row.beta.slice(0, -1)) : row.beta === beta,
        ),
    );
    expect(unknown).toEqual([]);
  });
});

describe('the Vertex dialect', () => {
  it('drops header and field together', async () => {
    const sent = await send(claudeCodeRequest('tui-main-auto-mode'));
    expect(Object.keys(sent.json)).not.toEqual(expect.arrayContaining(['safeguards']));
    expect(
      [...pathsIn(sent.json)].filter((path) =>
        /context_management|safeguards|display|\]\.output_config/.test(path),
      ),
    ).toEqual([]);
    expect(listIn(sent.headers, 'anthropic-beta').join()).not.toMatch(
      /dangerous|afk|display|context-man|per-turn|mid-conv/,
    );
  });

  it('drops an output format, and keeps the effort beside it', async () => {
    expect((await send(claudeCodeRequest('tui-title'))).json.output_config).toEqual({ effort: 'medium' });
  });

  it('passes a beta that it does not know, and sends none where none is left', async () => {
    const own = officialRequest('v0-sdk-anthropic-create');
    const known = await send({
      ...own,
      rawHeaders: ['anthropic-beta', 'new-2027-01-01, afk-mode-2026-01-31'],
    });
    expect(listIn(known.headers, 'anthropic-beta')).toEqual(['new-2027-01-01']);
    const none = await send({ ...own, rawHeaders: ['Anthropic-Beta', 'afk-mode-2026-01-31'] });
    expect(findHeader(none.headers, 'anthropic-beta')).toBeUndefined();
  });

  it.each(['count-tokens-tools', 'cc-vertex', 'tui-main-auto-mode'])(
    'counts %s with no beta that counting refuses',
    async (name) => {
      const { body, ...rest } = claudeCodeRequest(name);
      const sent = await count({ ...rest, body: { model: 'claude-opus-5-5', ...body } });
      expect(listIn(sent.headers, 'anthropic-beta')).toEqual([
        'claude-code-20250219',
        'interleaved-thinking-2025-05-14',
      ]);
      expect(sent.json).not.toHaveProperty('context_management');
    },
  );

  it.each(['p-thinking-tool-turn-2', 'p-resume-after-cut', 'tui-main-auto-mode', 'p-oauth-sonnet55'])(
    'translates the beginning of %s the same however far the conversation has come',
    async (name) => {
      const whole = claudeCodeRequest(name);
      const messages = whole.body.messages as unknown[];
      const last = await send(whole);
      for (let length = 1; length <= messages.length; length += 1) {
        const turn = await send({ ...whole, body: { ...whole.body, messages: messages.slice(0, length) } });
        expect(listIn(turn.headers, 'anthropic-beta')).toEqual(listIn(last.headers, 'anthropic-beta'));
        expect({ ...turn.json, messages: [] }).toEqual({ ...last.json, messages: [] });
        const bytes = JSON.stringify(turn.json.messages).slice(1, -1);
        expect(turn.body?.includes(bytes)).toBe(true);
        expect(last.body?.includes(bytes)).toBe(true);
        expect(turn.json.messages).toEqual((last.json.messages as unknown[]).slice(0, length));
      }
    },
  );

  it.each([
    ['us-central1', 'https://us-central1-aiplatform.googleapis.com'],
    ['global', 'https://aiplatform.googleapis.com'],
    ['us', 'https://aiplatform.us.rep.googleapis.com'],
    ['eu', 'https://aiplatform.eu.rep.googleapis.com'],
  ])('asks %s at %s', async (region, origin) => {
    adapter = adapterFor(region);
    const sent = await send(officialRequest('v0-sdk-anthropic-create'));
    expect(sent.origin).toBe(origin);
    expect(sent.path).toContain(`/locations/${region}/`);
  });

  it.each([
    ['http://127.0.0.1:9', '/v1/projects/'],
    ['http://127.0.0.1:9/v1', '/v1/projects/'],
    ['http://127.0.0.1:9/gw/v1', '/gw/v1/projects/'],
  ])('goes to base_url %s instead', async (baseUrl, beginning) => {
    adapter = adapterFor('us-east5', 'p', baseUrl);
    const sent = await send(officialRequest('v0-sdk-anthropic-create'));
    expect(sent.origin).toBe('http://127.0.0.1:9');
    expect(sent.path.startsWith(beginning)).toBe(true);
  });

  it('sends a mapped model as it is written, and nothing of it into the path', async () => {
    const own = officialRequest('v0-sdk-anthropic-create');
    expect((await send(own, 'claude-x-20250101')).path).toMatch(/models\/claude-x-20250101:rawPredict$/);
    expect((await send(own, '../a?b')).path).toMatch(/models\/\.\.%2Fa%3Fb:rawPredict$/);
  });

  it('never forwards the client’s own credential', async () => {
    const sent = await send(claudeCodeRequest('p-opus55-apikey'));
    expect(findHeader(sent.headers, 'x-api-key')).toBeUndefined();
    expect(listIn(sent.headers, 'authorization')).toEqual(['Bearer fixed']);
  });

  it('passes a body that is no JSON as it came, for Google to refuse', async () => {
    const call = callOfBytes(Buffer.from('{"model":"m","broken'));
    const sent = await adapter.buildRequest(call, destinationOf(call, { headers }));
    expect(sent.body).toBe(call.body);
  });

  it('says what the configuration lacks', async () => {
    const { clock } = { clock: new FakeClock() };
    adapter = createVertexAdapter({ config: configOf({}), env: {}, clock, postForm });
    await expect(send(officialRequest('v0-sdk-anthropic-create'))).rejects.toThrow(CredentialError);
    await expect(send(officialRequest('v0-sdk-anthropic-create'))).rejects.toThrow(/gcp_project_id/);
  });

  it('probes with a GET of the region', async () => {
    const call = callOf(officialRequest('v0-sdk-anthropic-create'));
    expect(await adapter.buildProbe(destinationOf(call, { headers }))).toMatchObject({
      method: 'GET',
      path: '/v1/projects/dummy-project/locations/us-east5',
      headers: ['Authorization', 'Bearer fixed'],
      body: undefined,
    });
  });

  it.each([
    ['claude-opus-4-6', 'claude-opus-4-6'],
    ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5@20250929'],
    ['claude-haiku-4-5-20251001', 'claude-haiku-4-5@20251001'],
    ['claude-opus-4-1-20250805', 'claude-opus-4-1@20250805'],
    ['claude-fable-5-2', 'claude-fable-5-2'],
    ['claude-opus-5-5', 'claude-opus-5-5'],
    ['claude-sonnet-4-5@20250929', 'claude-sonnet-4-5@20250929'],
  ])('calls %s %s', (model, id) => {
    expect(vertexModelId(model)).toBe(id);
  });
});
