/** The release, and the commit it was built from (set by the build). */
export const VERSION = '0.1.0';
export const GIT_COMMIT = process.env.POUCH_GIT_COMMIT ?? '';
