/** Aborted when the whole measurement is to end early: what is under way breaks off, and everything is put away. */
export const interruption = new AbortController();
