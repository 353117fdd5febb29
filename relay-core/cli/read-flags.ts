import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { codeOf } from '../claude-code/file-failure.ts';

/** The flags of a command without words of its own; undefined = they are not those of `options`. */
export const readFlags = <T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) => {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    if (codeOf(error).startsWith('ERR_PARSE_ARGS')) return undefined;
    throw error;
  }
};
