/** How to keep a key in an environment variable instead: the shell's line and the config's, for people to copy. */
export function environmentLines(name: string): readonly string[] {
  const word = name.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_');
  const variable = /^\d/.test(word) ? `_${word}` : word;
  return [
    'In the shell that starts the relay:',
    `  export ${variable}='<the key>'`,
    'In the config:',
    '  keys:',
    `    - key: \${${variable}}`,
  ];
}
