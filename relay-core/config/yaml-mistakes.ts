import type { ErrorCode } from 'yaml';

/** What is said of a key that its map has already. */
export const repeatedKey = 'this key appears twice in the same map: keep one';

// Our own sentences: the parser's quote the source, and the source may hold a key.
const sentences: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) cannot carry an anchor or a tag',
  BAD_ALIAS: 'this alias (*name) is not written correctly',
  BAD_COLLECTION_TYPE: 'this tag does not fit the value after it',
  BAD_DIRECTIVE: 'this % directive is not understood: remove it',
  BAD_DQ_ESCAPE: 'unknown escape after a backslash: use single quotes for text with backslashes',
  BAD_INDENT: 'the indentation does not fit: lines of one map or list start in the same column',
  BAD_PROP_ORDER: 'anchors and tags go before the value',
  BAD_SCALAR_START: 'text cannot start with this character: put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a map cannot start on this line: break the line, or put text with ": " in quotes',
  BLOCK_IN_FLOW: 'inside [ ] and { } only [ ] and { } can follow, not indented lines',
  DUPLICATE_KEY: repeatedKey,
  IMPOSSIBLE: 'this cannot be read as YAML',
  KEY_OVER_1024_CHARS: 'this key is longer than 1024 characters',
  MISSING_CHAR: 'a quote, bracket, comma, colon or space is missing here',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line; is a colon or a quote missing?',
  MULTIPLE_ANCHORS: 'a value can have only one anchor (&name)',
  MULTIPLE_DOCS: 'a second document starts here (---): the file can hold only one',
  MULTIPLE_TAGS: 'a value can have only one tag',
  NON_STRING_KEY: 'a key must be plain text',
  RESOURCE_EXHAUSTION: 'the nesting is too deep',
  TAB_AS_INDENT: 'a tab cannot indent YAML: use spaces',
  TAG_RESOLVE_FAILED: 'this value does not fit its tag (!name): remove the tag',
  UNEXPECTED_TOKEN: 'this is not expected here; is a quote, a comma or a line break missing?',
};

/** One sentence for a YAML mistake on the given source line; it never repeats what the file says. */
export function describeYamlMistake(code: ErrorCode, sourceLine: string): string {
  if (code === 'UNEXPECTED_TOKEN' && sourceLine.includes('${')) {
    return `inside [ ] and { } a variable must be in quotes: "\${NAME}"`;
  }
  return sentences[code];
}
