import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';

/** Where (1-based) and why a text is not strict JSON. The reason never quotes the text. */
export type JsonProblem = { readonly line: number; readonly column: number; readonly reason: string };

/** One property of an object, as offsets into the text. `end` is the end of its value. */
export type JsonProperty = {
  readonly key: string;
  readonly start: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly end: number;
  readonly value: unknown;
};

/** An object in a JSON text, as offsets: `start` is its opening brace, `end` lies behind its closing one. */
export type JsonObject = {
  readonly start: number;
  readonly end: number;
  readonly properties: readonly JsonProperty[];
};

const reasons: Readonly<Record<string, string>> = {
  CloseBraceExpected: 'a closing } is missing',
  CloseBracketExpected: 'a closing ] is missing',
  ColonExpected: 'a colon is missing',
  CommaExpected: 'a comma is missing',
  EndOfFileExpected: 'the JSON is over, but text follows',
  InvalidCharacter: 'a control character must be escaped',
  InvalidCommentToken: 'JSON has no comments',
  InvalidEscapeCharacter: 'unknown escape in a text',
  InvalidNumberFormat: 'not a number',
  InvalidSymbol: 'unexpected text',
  PropertyNameExpected: 'a name in double quotes is expected (is there a comma too many?)',
  UnexpectedEndOfComment: 'JSON has no comments',
  UnexpectedEndOfString: 'a closing quote is missing',
  ValueExpected: 'a value is expected (is there a comma too many?)',
};

/** A problem at an offset of the text. */
export function problemAt(text: string, offset: number, reason: string): JsonProblem {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: before.length, column: (before.at(-1) ?? '').length + 1, reason };
}

function parseRoot(text: string): { root: Node | undefined; error: ParseError | undefined } {
  const errors: ParseError[] = [];
  // A space instead of the byte order mark keeps every offset.
  const root = parseTree(text.replace(/^\uFEFF/, ' '), errors, { disallowComments: true });
  return { root, error: errors[0] };
}

/** The first reason why a text is not strict JSON; undefined = it is. A byte order mark is tolerated. */
export function findJsonProblem(text: string): JsonProblem | undefined {
  const { root, error } = parseRoot(text);
  if (error === undefined) return root === undefined ? problemAt(text, 0, 'the text is empty') : undefined;
  const reason = reasons[printParseErrorCode(error.error)] ?? 'this is not JSON';
  return problemAt(text, error.offset, reason);
}

function propertyOf(node: Node): readonly JsonProperty[] {
  const [key, value] = node.children ?? [];
  if (key === undefined || value === undefined) return [];
  return [
    {
      key: String(key.value),
      start: key.offset,
      keyEnd: key.offset + key.length,
      valueStart: value.offset,
      end: value.offset + value.length,
      value: value.value,
    },
  ];
}

/** The object at a path of a valid JSON text; undefined = there is none, or something else stands there. */
export function readObject(text: string, path: readonly string[]): JsonObject | undefined {
  let node = parseRoot(text).root;
  for (const name of path) {
    const members = node?.type === 'object' ? node.children : [];
    node = members?.find((member) => member.children?.[0]?.value === name)?.children?.[1];
  }
  if (node?.type !== 'object') return undefined;
  return {
    start: node.offset,
    end: node.offset + node.length,
    properties: (node.children ?? []).flatMap(propertyOf),
  };
}
