/** All bytes in one piece; a single chunk is not copied. */
export const joinChunks = (chunks: readonly Buffer[]): Buffer => {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
};
