import { dropHeaders, findHeader, type HeaderList, rememberNames } from '../../messages/header-list.ts';

const isReplaced = rememberNames(
  (name) =>
    name === 'content-type' ||
    name === 'content-length' ||
    name === 'request-id' ||
    name === 'x-amzn-requestid' ||
    name === 'x-amzn-errortype' ||
    name === 'x-amzn-bedrock-content-type',
);

/** The headers of a translated answer: Bedrock's own without its wire's, the request's id by Anthropic's name. */
export const answerHeaders = (headers: HeaderList, contentType: string): HeaderList => {
  const requestId = findHeader(headers, 'x-amzn-requestid');
  return [
    ...['content-type', contentType],
    ...(requestId === undefined ? [] : ['request-id', requestId]),
    ...dropHeaders(headers, isReplaced),
  ];
};
