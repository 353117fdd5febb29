const datedModel = /^(claude-.+)-(\d{8})$/;

/** Vertex AI's id of a Claude model: a date is set off by `@` (protocol.md 2.5); every other id is the same. */
export const vertexModelId = (model: string): string => {
  const [, name, date] = datedModel.exec(model) ?? [];
  return name === undefined ? model : `${name}@${date}`;
};
