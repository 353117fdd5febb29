/** The engine's public face: what hosts (the command line, the tray app) may use. */
export type { Config } from './config/config.ts';
export { createRelay, type Reconfigured, type Relay, type RelayOptions } from './create-relay.ts';
export type { Clock, Environment, Logger, Random, Timer } from './ports.ts';
export type { RelayControl } from './relay-control.ts';
