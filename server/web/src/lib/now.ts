import { signal } from '@preact/signals';

let timer = 0;

/** The time in ms, each second, for what is still running: one timer for all who read it, and none while nobody does. */
export const now = signal(Date.now(), {
  watched() {
    now.value = Date.now();
    timer = window.setInterval(() => { now.value = Date.now(); }, 1000);
  },
  unwatched: () => clearInterval(timer),
});
