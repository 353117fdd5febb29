/** What the doctor looks at, in the order it reports. */
const checkNames = [
  'relay',
  'unfinished set-up',
  'settings',
  'address',
  'token',
  'shell',
  'shell files',
  'project settings',
  'managed settings',
  'editors',
  'proxy',
  'config',
  'data folder',
  'Windows',
  'Claude Code',
] as const;

export type CheckName = (typeof checkNames)[number];

/** One finding. A remedy is a sentence with something to paste or do; no part of a check shows a secret. */
export type Check =
  | { readonly name: CheckName; readonly state: 'ok'; readonly finding: string }
  | {
      readonly name: CheckName;
      readonly state: 'warning' | 'problem';
      readonly finding: string;
      readonly remedy: string;
    };

/** Checks of one name made in short form. */
export type Reporter = {
  ok(finding: string): Check;
  warning(finding: string, remedy: string): Check;
  problem(finding: string, remedy: string): Check;
};

/** Makes checks of one name. */
export function reporter(name: CheckName): Reporter {
  return {
    ok: (finding) => ({ name, state: 'ok', finding }),
    warning: (finding, remedy) => ({ name, state: 'warning', finding, remedy }),
    problem: (finding, remedy) => ({ name, state: 'problem', finding, remedy }),
  };
}
