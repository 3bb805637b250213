/** Bytes of a Dockerfile, and of a `.dockerignore`. Real ones have a few kilobytes; a parser that holds the thread must not be handed more. */
export const DOCKERFILE_LIMIT = 1024 * 1024;
