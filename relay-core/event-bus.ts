import type { RelayEvent } from './contracts/events.ts';

/** Called with every event. What it throws is reported to `onListenerError` and hinders nobody. */
export type EventListener = (event: RelayEvent) => void;

/** Carries facts out of the engine. Nobody inside depends on a listener. */
export class EventBus {
  readonly #listeners = new Set<EventListener>();
  readonly #onListenerError: (error: unknown) => void;

  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Adds a listener; the returned function removes it. */
  on(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells every listener, in the order of their coming. */
  emit(event: RelayEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}
