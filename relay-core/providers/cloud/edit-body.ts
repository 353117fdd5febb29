import { itemsOf, type Member, membersOf, type Span } from './json-bytes.ts';

/** What changes in a request body; everything else keeps its bytes. */
export type BodyEdits = {
  /** Paths of fields to leave out: `a.b`, `a[].b`, `a.b=value`. */
  readonly droppedFields: readonly string[];
  /** The `model` to send; undefined = leave it out. */
  readonly model: string | undefined;
  /** Top-level strings to set, after all others. */
  readonly added: readonly (readonly [name: string, value: string])[];
};

type Drop = { readonly steps: readonly string[]; readonly value: string | undefined };
/** A part's new bytes; undefined = as it was, `gone` = left out. */
type Change = Buffer | 'gone' | undefined;

const emptyObject = /^\{\s*\}$/;

/** The body with `edits`: the same bytes where nothing is to be changed, or where the body is no JSON object. */
export const editBody = (body: Buffer, { droppedFields, model, added }: BodyEdits): Buffer => {
  const members = membersOf(body, 0);
  if (members === undefined) return body;
  const drops = droppedFields.map(readDrop);
  const addedNames = new Set(added.map(([name]) => name));
  const changes = members.map((member): Change => {
    if (addedNames.has(member.name)) return 'gone';
    if (member.name !== 'model') return dropInMember(body, member, drops);
    if (model === undefined) return 'gone';
    const isSame = body.toString('utf8', member.value.start, member.value.end) === JSON.stringify(model);
    return isSame ? undefined : withValue(body, member, Buffer.from(JSON.stringify(model)));
  });
  if (added.length === 0 && changes.every((change) => change === undefined)) return body;
  const tail = added.map(([name, value]) => Buffer.from(`${JSON.stringify(name)}:${JSON.stringify(value)}`));
  return join('{', [...applied(body, members, changes), ...tail], '}');
};

const readDrop = (field: string): Drop => {
  const [path = '', value] = field.split('=');
  return { steps: path.split('.'), value };
};

const withValue = (bytes: Buffer, member: Member, value: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(member.start, member.value.start), value]);

const applied = (bytes: Buffer, parts: readonly Span[], changes: readonly Change[]): Buffer[] =>
  parts.flatMap((part, index) => {
    const change = changes[index];
    if (change === 'gone') return [];
    return [change ?? bytes.subarray(part.start, part.end)];
  });

const join = (opening: string, parts: readonly Buffer[], closing: string): Buffer => {
  const comma = Buffer.from(',');
  const separated = parts.flatMap((part, index) => (index === 0 ? [part] : [comma, part]));
  return Buffer.concat([Buffer.from(opening), ...separated, Buffer.from(closing)]);
};

const dropInMember = (bytes: Buffer, member: Member, drops: readonly Drop[]): Change => {
  const { name, value } = member;
  const here = drops.filter(({ steps: [step] }) => step === name);
  if (here.some(({ steps, value: only }) => steps.length === 1 && isValue(bytes, value, only))) return 'gone';
  const inside = (step: string) => drops.filter(({ steps }) => steps[0] === step).map(stepInto);
  const deeper = inside(name).filter(({ steps }) => steps.length > 0);
  const inItems = inside(`${name}[]`);
  const changed = deeper.length > 0 ? dropInObject(bytes, value, deeper) : dropInItems(bytes, value, inItems);
  // A field that held nothing else would be refused, or mean something new.
  if (changed !== undefined && emptyObject.test(changed.toString('latin1', 0, 8))) return 'gone';
  return changed === undefined ? undefined : withValue(bytes, member, changed);
};

const stepInto = ({ steps, value }: Drop): Drop => ({ steps: steps.slice(1), value });

const isValue = (bytes: Buffer, { start, end }: Span, only: string | undefined): boolean =>
  only === undefined || bytes.toString('utf8', start, end) === JSON.stringify(only);

const dropInObject = (bytes: Buffer, span: Span, drops: readonly Drop[]): Buffer | undefined => {
  const members = membersOf(bytes, span.start);
  if (members === undefined) return undefined;
  const changes = members.map((member) => dropInMember(bytes, member, drops));
  if (changes.every((change) => change === undefined)) return undefined;
  return join('{', applied(bytes, members, changes), '}');
};

const dropInItems = (bytes: Buffer, span: Span, drops: readonly Drop[]): Buffer | undefined => {
  const items = drops.length === 0 ? undefined : itemsOf(bytes, span.start);
  if (items === undefined) return undefined;
  const changes = items.map((item) => dropInObject(bytes, item, drops));
  if (changes.every((change) => change === undefined)) return undefined;
  return join('[', applied(bytes, items, changes), ']');
};
