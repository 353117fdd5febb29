/** Family and version of a Claude model; the version as one number: 405 = 4.5, 500 = 5. */
export type ClaudeVersion = { readonly family: string; readonly version: number };

const named = /claude-(opus|sonnet|haiku|fable)-(\d{1,2})(?:-(\d{1,2}))?(?!\d)/;

/** Which Claude model an id names, on whatever cloud; undefined = it does not tell. */
export const readClaudeVersion = (id: string): ClaudeVersion | undefined => {
  const [, family, major, minor] = named.exec(id) ?? [];
  if (family === undefined || major === undefined) return undefined;
  return { family, version: Number(major) * 100 + Number(minor ?? 0) };
};
