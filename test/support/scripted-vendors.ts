import { answer, type Script, ScriptedUpstream, type SeenRequest, sse } from './scripted-upstream.ts';

/** The stream that Ollama makes (protocol.md 3.1): no pings, no signature, real usage at the end only. */
export const ollamaStream = (model: string, text = 'Hello from Ollama'): readonly string[] => [
  sse('message_start', {
    message: {
      ...{ id: 'msg_ollama', type: 'message', role: 'assistant', model, content: [], stop_reason: null },
      usage: { input_tokens: 20, output_tokens: 0 },
    },
  }),
  sse('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  sse('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
  sse('content_block_stop', { index: 0 }),
  sse('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { input_tokens: 25, output_tokens: 4 } }),
  sse('message_stop'),
];

/** What a scripted Ollama has and does. */
export type OllamaSet = {
  readonly models: readonly string[];
  /** The context window of a loaded model, as `/api/ps` tells it. */
  readonly contextLength?: number;
  /** Milliseconds without a byte while a model loads. */
  readonly loadMs?: number;
};

const ollamaError = (status: number, type: string, message: string): Script =>
  answer(status, JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_ollama' }));

const notFound: Script = (response) => response.writeHead(404).end('404 page not found');

const serveOllamaMessages = (set: OllamaSet, request: SeenRequest): Script => {
  const { model, stream, max_tokens: maxTokens } = JSON.parse(request.body.toString());
  if (!(maxTokens > 0))
    return ollamaError(400, 'invalid_request_error', 'max_tokens is required and must be positive');
  if (!set.models.includes(model)) return ollamaError(404, 'not_found_error', `model '${model}' not found`);
  const whole = JSON.stringify({
    ...{ id: 'msg_ollama', type: 'message', role: 'assistant', model, stop_reason: 'end_turn' },
    ...{
      content: [{ type: 'text', text: 'Hello from Ollama' }],
      usage: { input_tokens: 25, output_tokens: 4 },
    },
  });
  return (response) => {
    setTimeout(() => {
      if (!stream) return answer(200, whole)(response, request);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const piece of ollamaStream(model)) response.write(piece);
      return response.end();
    }, set.loadMs ?? 0);
  };
};

/** An Ollama that behaves as protocol.md 3.1 says: its routes, its errors, its silence. */
export const startOllama = (set: OllamaSet): Promise<ScriptedUpstream> =>
  ScriptedUpstream.start((response, request) => {
    switch (request.url.split('?')[0]) {
      case '/v1/messages':
        return serveOllamaMessages(set, request)(response, request);
      case '/api/tags':
        return answer(
          200,
          JSON.stringify({
            models: set.models.map((name) => ({ name, model: name, modified_at: '2026-10-01T08:00:00Z' })),
          }),
        )(response, request);
      case '/api/ps':
        return answer(
          200,
          JSON.stringify({
            models: set.models.map((name) => ({ name, context_length: set.contextLength ?? 262_144 })),
          }),
        )(response, request);
      default:
        return notFound(response, request);
    }
  });

/** An error of z.ai: a business code in the body, HTTP 429 for nearly everything (protocol.md 3.2). */
export const zaiError = (code: string, message: string, status = 429): Script =>
  answer(status, JSON.stringify({ error: { code, message }, request_id: 'req_zai' }));

/** The other shape seen there: Anthropic's envelope, with the code in the message. */
export const zaiEnvelope = (code: string, message: string, status = 429): Script =>
  answer(
    status,
    JSON.stringify({
      type: 'error',
      error: { type: 'rate_limit_error', code, message: `[${code}][${message}]` },
    }),
  );
