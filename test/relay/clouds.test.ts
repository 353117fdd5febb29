import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  chunkFrame,
  dummyAccessKeyId,
  dummySecret,
  exceptionFrame,
} from '../relay-core/providers/bedrock/bedrock-parts.ts';
import { call, smallBody } from '../support/call.ts';
import {
  answer,
  errorAnswer,
  messageAnswer,
  messageBody,
  type Script,
  ScriptedUpstream,
  streamAnswer,
  streamEvents,
} from '../support/scripted-upstream.ts';
import { type StartedRelay, startRelay } from '../support/start-relay.ts';

let relay: StartedRelay;
const opened: ScriptedUpstream[] = [];

const keep = async (script?: Script): Promise<ScriptedUpstream> => {
  const upstream = await ScriptedUpstream.start(script);
  opened.push(upstream);
  return upstream;
};

const open = async (providers: readonly Record<string, unknown>[], env: Record<string, string> = {}) => {
  relay = await startRelay({ file: { routing: { debug: true, patience_ms: 0 }, providers }, env });
};

afterEach(async () => {
  await relay.stop();
  for (const upstream of opened.splice(0)) await upstream.stop();
});

const sonnet = (more: object = {}) => smallBody({ model: 'claude-sonnet-4-5-20250929', ...more });

const bedrockAt = (url: string, more: Record<string, unknown> = {}) => ({
  ...{ name: 'bedrock', type: 'bedrock', base_url: url, aws_region: 'us-east-1' },
  ...{ aws_access_key_id: dummyAccessKeyId, aws_secret_access_key: dummySecret },
  keys: [{ key: 'bedrock-internal' }],
  ...more,
});

const frames = (): readonly Buffer[] =>
  streamEvents().map((event) => chunkFrame(/data: (.*)\n/.exec(event)?.[1] ?? ''));

const eventStream =
  (pieces: readonly Buffer[]): Script =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
    for (const piece of pieces) response.write(piece);
    response.end();
  };

describe('Bedrock through the relay', () => {
  it('is asked with a signature and streams as Anthropic does', async () => {
    const aws = await keep(eventStream(frames()));
    await open([bedrockAt(aws.url)]);
    const seen = await call(relay.url, { body: sonnet({ stream: true }) });
    expect([seen.status, seen.headers['content-type'], seen.isWhole]).toEqual([
      ...[200, 'text/event-stream; charset=utf-8'],
      true,
    ]);
    expect(seen.text).toBe(streamEvents().join(''));
    const [request] = aws.requests;
    expect(request?.url).toMatch(
      /^\/model\/us\.anthropic\.claude-sonnet-4-5-20250929-v1:0\/invoke-with-response-stream$/,
    );
    expect(request?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIADUMMY/);
    const body = JSON.parse(request?.body.toString() ?? '');
    expect(body).toMatchObject({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 16 });
    expect(body).not.toHaveProperty('model');
    expect(body).not.toHaveProperty('stream');
  });

  it('whose first frame is an exception hands over to the next provider', async () => {
    const aws = await keep(eventStream([exceptionFrame('throttlingException', 'Too many requests')]));
    const other = await keep(streamAnswer());
    await open([
      { ...bedrockAt(aws.url), priority: 2 },
      { name: 'other', type: 'anthropic', base_url: other.url, keys: [{ key: 'dummy' }] },
    ]);
    const seen = await call(relay.url, { body: sonnet({ stream: true }) });
    expect([seen.status, seen.headers['x-cc-relay-provider']]).toEqual([200, 'other']);
  });

  it('cut after its content breaks visibly', async () => {
    const aws = await keep(eventStream(frames().slice(0, 4)));
    await open([bedrockAt(aws.url)]);
    const seen = await call(relay.url, { body: sonnet({ stream: true }) });
    expect([seen.status, seen.isWhole]).toEqual([200, false]);
  });

  it('that refuses the betas is asked again without them, in the same attempt', async () => {
    const aws = await keep();
    aws.next(
      answer(400, '{"message":"invalid beta flag"}', { 'x-amzn-errortype': 'ValidationException' }),
      messageAnswer(),
    );
    await open([bedrockAt(aws.url)]);
    const headers = { 'anthropic-beta': 'interleaved-thinking-2025-05-14' };
    const seen = await call(relay.url, { body: sonnet(), headers });
    expect([seen.status, seen.text]).toEqual([200, messageBody]);
    const betas = aws.requests.map(({ body }) => JSON.parse(body.toString()).anthropic_beta);
    expect(betas).toEqual([['interleaved-thinking-2025-05-14'], undefined]);
  });

  it('without a region is out of service and says so', async () => {
    await open([{ name: 'bedrock', type: 'bedrock' }]);
    const seen = await call(relay.url);
    expect(seen.status).toBe(503);
    expect(seen.text).toContain('the AWS region is not known: set aws_region');
  });
});

describe('Azure AI Foundry through the relay', () => {
  it('is asked for the deployment with its key, and its errors come in Anthropic’s envelope', async () => {
    const azure = await keep(messageAnswer());
    const mapping = { 'claude-sonnet-4-5-20250929': 'my-deployment' };
    await open([
      {
        name: 'azure',
        type: 'azure',
        base_url: azure.url,
        keys: [{ key: 'dummy-azure' }],
        model_mapping: mapping,
      },
    ]);
    const seen = await call(relay.url, { body: sonnet() });
    expect([seen.status, seen.text]).toEqual([200, messageBody]);
    expect(azure.requests[0]).toMatchObject({ headers: { 'x-api-key': 'dummy-azure' } });
    expect(azure.requests[0]?.url).toMatch(/^\/anthropic\/v1\/messages/);
    expect(JSON.parse(azure.requests[0]?.body.toString() ?? '').model).toBe('my-deployment');
    azure.always(
      answer(404, '{"error":{"code":"DeploymentNotFound","message":"The deployment does not exist."}}'),
    );
    const missing = await call(relay.url, { body: sonnet() });
    expect(missing.status).toBe(404);
    expect(JSON.parse(missing.text)).toMatchObject({
      type: 'error',
      error: { message: expect.stringContaining('deploy') },
    });
  });
});

describe('Vertex AI through the relay', () => {
  it('fetches a token for the service account at its own token_uri, once, and renews it after a 401', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cc-relay-vertex-'));
    let tokens = 0;
    const google = await keep((response, request) => {
      tokens += 1;
      return answer(200, JSON.stringify({ access_token: `dummy-token-${tokens}`, expires_in: 3599 }))(
        response,
        request,
      );
    });
    const vertex = await keep(streamAnswer());
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const file = join(folder, 'account.json');
    await writeFile(
      file,
      JSON.stringify({
        ...{ type: 'service_account', project_id: 'dummy-project', private_key: privateKey },
        ...{ client_email: 'dummy@dummy-project.iam.gserviceaccount.com', token_uri: `${google.url}/token` },
      }),
    );
    await open(
      [
        {
          ...{ name: 'vertex', type: 'vertex', base_url: vertex.url, gcp_project_id: 'dummy-project' },
          ...{ gcp_region: 'us-east5', keys: [{ key: 'vertex-internal' }] },
        },
      ],
      { GOOGLE_APPLICATION_CREDENTIALS: file },
    );
    const body = sonnet({ stream: true });
    const both = await Promise.all([call(relay.url, { body }), call(relay.url, { body })]);
    expect(both.map(({ text }) => text)).toEqual(Array(2).fill(streamEvents().join('')));
    expect(tokens).toBe(1);
    expect(vertex.requests[0]).toMatchObject({
      url: '/v1/projects/dummy-project/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict',
      headers: { authorization: 'Bearer dummy-token-1' },
    });
    vertex.next(errorAnswer(401, 'authentication_error'));
    expect((await call(relay.url, { body })).status).toBe(200);
    expect(vertex.requests.at(-1)?.headers.authorization).toBe('Bearer dummy-token-2');
    expect(relay.events.map(({ kind }) => kind)).not.toContain('key-retired');
    await rm(folder, { recursive: true });
  });
});
