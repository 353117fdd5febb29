import type { IncomingMessage } from 'node:http';
import { RelayError } from '../errors.ts';
import { readModelField } from '../messages/model-field.ts';
import type { MessagesCall } from '../providers/provider.ts';
import { type BodyLimits, readBody } from '../server/read-body.ts';

const checkMedia = ({ headers }: IncomingMessage): void => {
  const type = headers['content-type'];
  if (type !== undefined && !/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type))
    throw new RelayError(
      'unsupported-media',
      `content-type: send application/json, not ${JSON.stringify(type)}`,
    );
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new RelayError('unsupported-media', 'content-encoding: send the request body uncompressed');
};

/** Reads a Messages request: its bytes as they came and the model they name. Throws RelayError for a bad one. */
export const acceptCall = async (request: IncomingMessage, limits: BodyLimits): Promise<MessagesCall> => {
  checkMedia(request);
  const body = await readBody(request, limits);
  const model = readModelField(body);
  if (!model.ok) throw new RelayError('body-malformed', model.reason);
  const parsed = once(() => parseJson(body));
  return { path: request.url ?? '/', headers: request.rawHeaders, body, field: model.field, parsed };
};

const parseJson = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
};

/** Calls `make` at the first call only. */
const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};
