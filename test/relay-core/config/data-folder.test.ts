import { describe, expect, it } from 'vitest';
import { type DataFolderQuestion, dataFolder } from '../../../relay-core/config/data-folder.ts';

function folder(platform: NodeJS.Platform, rest: Partial<DataFolderQuestion> = {}): string {
  return dataFolder({ env: {}, homeFolder: '/home/ada', workingFolder: '/home/ada/code', platform, ...rest });
}

describe('the data folder', () => {
  it('is ~/.local/share/cc-relay on Linux and others', () => {
    expect(folder('linux')).toBe('/home/ada/.local/share/cc-relay');
    expect(folder('freebsd')).toBe('/home/ada/.local/share/cc-relay');
  });

  it('follows XDG_DATA_HOME there if it is absolute', () => {
    expect(folder('linux', { env: { XDG_DATA_HOME: '/data' } })).toBe('/data/cc-relay');
    expect(folder('linux', { env: { XDG_DATA_HOME: 'data' } })).toBe('/home/ada/.local/share/cc-relay');
    expect(folder('linux', { env: { XDG_DATA_HOME: '' } })).toBe('/home/ada/.local/share/cc-relay');
  });

  it('is in Application Support on macOS', () => {
    const env = { XDG_DATA_HOME: '/data' };
    expect(folder('darwin', { env })).toBe('/home/ada/Library/Application Support/cc-relay');
  });

  it('is in LOCALAPPDATA on Windows', () => {
    const homeFolder = 'C:\\Users\\ada';
    const env = { LOCALAPPDATA: 'D:\\Local' };
    expect(folder('win32', { homeFolder, env })).toBe('D:\\Local\\cc-relay');
    expect(folder('win32', { homeFolder })).toBe('C:\\Users\\ada\\AppData\\Local\\cc-relay');
    const workingFolder = 'C:\\work';
    expect(folder('win32', { homeFolder, workingFolder, dataDir: 'data' })).toBe('C:\\work\\data');
  });

  it('is what --data-dir names, relative to the working folder', () => {
    const env = { XDG_DATA_HOME: '/data' };
    expect(folder('linux', { env, dataDir: '/elsewhere' })).toBe('/elsewhere');
    expect(folder('linux', { env, dataDir: 'here' })).toBe('/home/ada/code/here');
  });
});
