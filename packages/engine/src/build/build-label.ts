/** On containers of RUN steps. `step`: it goes with the build, or with the next start of the daemon; `kept`: a user wants it. */
export const BUILD_LABEL = 'io.pouch.build';
