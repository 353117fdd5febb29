import { jsonAnswer, streamAnswer } from './answers.ts';

/** One kind of exchange: what the client sends and what must come back. */
export type Payload = {
  readonly sizeKb: number;
  readonly kind: 'json' | 'sse';
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly answer: Buffer;
  /** Requests in one full throughput round: large bodies take longer. */
  readonly requestsPerRound: number;
};

/** As Claude Code 2.1 sends them, values invented; the HTTP client adds those of the connection. */
const headers: readonly string[] = [
  ...['Accept', 'application/json'],
  ...['Authorization', 'Bearer dummy-auth-token'],
  ...['Content-Type', 'application/json'],
  ...['User-Agent', 'claude-cli/2.1.329 (external, sdk-cli)'],
  ...['X-Claude-Code-Session-Id', '00000000-0000-4000-8000-000000000000'],
  ...['X-Stainless-Arch', 'x64'],
  ...['X-Stainless-Lang', 'js'],
  ...['X-Stainless-OS', 'Linux'],
  ...['X-Stainless-Package-Version', '0.128.0'],
  ...['X-Stainless-Retry-Count', '0'],
  ...['X-Stainless-Runtime', 'node'],
  ...['X-Stainless-Runtime-Version', 'v26.12.1'],
  ...['X-Stainless-Timeout', '600'],
  ...[
    'anthropic-beta',
    'claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,effort-2025-11-24',
  ],
  ...['anthropic-dangerous-direct-browser-access', 'true'],
  ...['anthropic-version', '2023-06-01'],
  ...['x-app', 'cli'],
  ...['Accept-Encoding', 'gzip, deflate, br, zstd'],
];

const line = 'A line of a file that was read, with "quotes", a\ttab and an ünusual letter.\n';

/** Text of exactly `bytes` bytes once it is JSON; every line has escapes, as source code does. */
const filler = (bytes: number): string => {
  const lineBytes = Buffer.byteLength(JSON.stringify(line)) - 2;
  const lines = Math.floor(bytes / lineBytes);
  return line.repeat(lines) + 'x'.repeat(bytes - lines * lineBytes);
};

type Texts = { readonly system: string; readonly message: string };

const requestText = ({ system, message }: Texts, isStream: boolean): string =>
  JSON.stringify({
    model: 'claude-dummy',
    messages: [{ role: 'user', content: [{ type: 'text', text: message }] }],
    system: [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }],
    tools: [
      {
        name: 'Read',
        description: 'Reads a file.',
        input_schema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
      },
    ],
    metadata: { user_id: '{"device_id":"0000","account_uuid":"","session_id":"0000"}' },
    max_tokens: 128_000,
    thinking: { type: 'adaptive', display: 'omitted' },
    context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
    output_config: { effort: 'medium' },
    stream: isStream,
  });

/** A body of exactly `sizeKb` KiB: `model` first, `stream` last, big texts between. */
const requestBody = (sizeKb: number, isStream: boolean): Buffer => {
  const textBytes = sizeKb * 1024 - requestText({ system: '', message: '' }, isStream).length;
  const systemBytes = Math.floor(textBytes / 8);
  const texts = { system: filler(systemBytes), message: filler(textBytes - systemBytes) };
  return Buffer.from(requestText(texts, isStream));
};

const requestsPerRound: Readonly<Record<number, number>> = { 2: 4000, 60: 3000, 200: 1500, 1024: 500 };

/** Every payload of the bench: four sizes of request, two kinds of answer. */
export const createPayloads = (): readonly Payload[] =>
  Object.entries(requestsPerRound).flatMap(([size, requests]) =>
    (['json', 'sse'] as const).map((kind) => ({
      sizeKb: Number(size),
      kind,
      headers,
      body: requestBody(Number(size), kind === 'sse'),
      answer: kind === 'sse' ? streamAnswer : jsonAnswer,
      requestsPerRound: requests,
    })),
  );
