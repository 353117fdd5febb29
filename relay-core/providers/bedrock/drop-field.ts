const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `messages[].content[].x` as steps: `messages`, `[]`, `content`, `[]`, `x`. */
export const stepsOf = (path: string): readonly string[] => path.replaceAll('[]', '.[]').split('.');

/**
 * The value without the field at these steps; the same object where it is not there. `isDropped` may keep it by its
 * value. Order and every other field stay as they are.
 */
export const dropField = (
  value: unknown,
  [step, ...rest]: readonly string[],
  isDropped: (value: unknown) => boolean,
): unknown => {
  if (step === undefined) return value;
  if (step === '[]') {
    if (!Array.isArray(value)) return value;
    const changed = value.map((element: unknown) => dropField(element, rest, isDropped));
    return changed.some((element, at) => element !== value[at]) ? changed : value;
  }
  if (!isRecord(value) || !Object.hasOwn(value, step)) return value;
  const field = value[step];
  if (rest.length === 0)
    return isDropped(field)
      ? Object.fromEntries(Object.entries(value).filter(([name]) => name !== step))
      : value;
  const changed = dropField(field, rest, isDropped);
  if (changed === field) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, name === step ? changed : each]),
  );
};
