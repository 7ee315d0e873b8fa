import { lazily } from './lazy';

/** Takes a page or a dialog from what is loaded later, see ../more.ts. */
export const more = lazily(() => import('../more'));
