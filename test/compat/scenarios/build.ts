import { scenarios } from '../harness/scenario.ts';

const BUILD = 'DOCKER_BUILDKIT=0 docker build';
/** What a step is called and how long it took is for people. */
const TAIL = '2>/dev/null | grep -E "^(Step|Successfully tagged|Removed|ONBUILD)"';

/** The classic builder. */
export const BUILDS = scenarios(
  {
    build: [
      'printf "FROM busybox\\nARG WHO=world\\nENV A=1\\nWORKDIR /w\\nCOPY . .\\nRUN echo hello \\$WHO > said\\nLABEL l=m\\nUSER user\\nEXPOSE 80\\nVOLUME /v\\nCMD [\\"cat\\", \\"said\\"]\\n" > Dockerfile; echo x > file; echo secret > skipped; echo skipped > .dockerignore',
      `${BUILD} -t $N:one . ${TAIL}`,
      'docker run --rm $N:one',
      'docker run --rm $N:one ls /w',
      'docker image inspect $N:one --format "{{json .Config}}"',
      `${BUILD} -t $N:two --build-arg WHO=you --label x=y . ${TAIL}`,
      'docker run --rm $N:two; docker image inspect $N:two --format "{{json .Config.Labels}}"',
      `${BUILD} -q -t $N:one . | wc -c`,
      `${BUILD} --no-cache -q . | wc -c`,
      'docker history $N:one --format "{{.CreatedBy}}" | sed "s/ # buildkit//" | cut -c1-26',
      'docker rmi $N:one $N:two | grep -c Untagged',
      'docker builder prune -af >/dev/null; docker container prune -f >/dev/null; docker image prune -f >/dev/null',
    ],
    'build-stages': [
      'printf "FROM busybox AS make\\nRUN echo made > /made\\nFROM busybox\\nCOPY --from=make --chown=1000:1000 /made /got\\nRUN ls -ln /got\\n" > Dockerfile',
      `${BUILD} -t $N:all . ${TAIL}`,
      'docker run --rm $N:all stat -c "%u:%g %a" /got',
      `${BUILD} --target make -t $N:make . ${TAIL}`,
      'docker run --rm $N:make cat /made',
      `printf "FROM busybox\\nRUN echo from stdin\\n" | ${BUILD} -t $N:stdin - ${TAIL}`,
      `tar cf context.tar Dockerfile; ${BUILD} -t $N:tar - < context.tar ${TAIL}; rm context.tar`,
      `mkdir sub; mv Dockerfile sub/Other; ${BUILD} -f sub/Other -t $N:file . ${TAIL}`,
      'docker rmi $N:all $N:make $N:stdin $N:tar $N:file | grep -c Untagged',
      'docker builder prune -af >/dev/null; docker container prune -f >/dev/null; docker image prune -f >/dev/null',
    ],
    'build-refused': [
      `printf "FROM busybox\\nBOGUS x\\n" | ${BUILD} -`,
      `printf "RUN x\\n" | ${BUILD} -`,
      `printf "FROM busybox\\nRUN exit 4\\n" | ${BUILD} - >/dev/null`,
      `printf "FROM busybox\\nCOPY nowhere /\\n" > Dockerfile; ${BUILD} . >/dev/null`,
      `${BUILD} -f nowhere .`,
      `${BUILD} -t BAD .`,
      `${BUILD} --target nowhere .`,
      `printf "" > Dockerfile; ${BUILD} .`,
      // Others look at all images and at the whole cache.
      'docker builder prune -af >/dev/null; docker container prune -f >/dev/null; docker image prune -f >/dev/null',
    ],
  },
  { alone: true },
);
