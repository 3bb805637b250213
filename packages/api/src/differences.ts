import type { Endpoint } from './routes/endpoint.ts';
import { endpointOf, OPERATIONS, type Operation } from './routes/table.ts';
import type { JsonSchema, Treatment } from './schema/type.ts';

/** A field of a request's JSON. */
export interface RequestField {
  /** `HostConfig.Mounts[].Type`; `{}` stands for a key of a map. */
  readonly path: string;
  readonly name: string;
  /** undefined: it is acted upon, as Docker does. */
  readonly treatment: Treatment | undefined;
}

/** Every field that requests of an operation may have, those inside others too; none below one that is refused. */
export function requestFields(operation: Operation): RequestField[] {
  const { body }: Endpoint = endpointOf(operation);
  return body?.kind === 'json' ? fieldsOf(body.schema, '') : [];
}

/** The operations that take JSON. */
export const JSON_OPERATIONS: readonly Operation[] = OPERATIONS.filter(
  (operation) => endpointOf(operation).body?.kind === 'json',
);

function fieldsOf(schema: JsonSchema, path: string): RequestField[] {
  if (schema.anyOf) return schema.anyOf.flatMap((choice) => fieldsOf(choice, path));
  if (schema.items) return fieldsOf(schema.items, `${path}[]`);
  if (schema.additionalProperties) return fieldsOf(schema.additionalProperties, `${path}{}`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const own = path === '' ? name : `${path}.${name}`;
    const treatment = property['x-pouch'];
    const field = { path: own, name, treatment };
    return treatment?.kind === 'refused' ? [field] : [field, ...fieldsOf(property, own)];
  });
}

/** A request's JSON that asks for what is refused: the example of the field at `path`, in the objects around it. */
export function refusedExample(path: string, treatment: Treatment & { kind: 'refused' }): unknown {
  const names = path.split('.');
  return names.reduceRight<unknown>((value, name, index) => {
    const plain = name.replace(/(\[\]|\{\})+$/, '');
    const inner = name.endsWith('[]') ? [value] : name.endsWith('{}') ? { bridge: value } : value;
    const beside = index === names.length - 1 ? treatment.beside : undefined;
    return { ...beside, [plain]: inner };
  }, treatment.example);
}

export interface GeneralDifference {
  readonly about: string;
  readonly docker: string;
  readonly pouch: string;
  readonly why: string;
}

/** What is another way throughout, or in what no field shows. */
export const GENERAL_DIFFERENCES: readonly GeneralDifference[] = [
  {
    about: 'Unknown fields',
    docker: 'Fields that it does not know are dropped without a word.',
    pouch: 'They are dropped, and named in `Warnings` of the answers to create and update.',
    why: 'A misspelt limit should not look like one that is in force.',
  },
  {
    about: 'Values that cannot work',
    docker: 'Some are taken when a container is made, and fail at its start, or never show.',
    pouch:
      'Unknown sysctls, ulimits, health checks, host names, protocols of ports and block I/O weights are refused at once.',
    why: 'The one who made the mistake is the one who reads the error.',
  },
  {
    about: 'Statuses of failures',
    docker: 'Many failures that a request is to blame for, or a registry, are answered with 500.',
    pouch:
      'A wrong request gets 400, a state that does not allow it 409, a registry that does not answer 503, what the host lacks 501.',
    why: '500 means a fault of the daemon, and clients may try again on 503.',
  },
  {
    about: 'Messages about JSON',
    docker: "The words of Go's parser.",
    pouch: 'The path of the field, what was given and what is expected.',
    why: 'They are for people; no client reads them.',
  },
  {
    about: 'timeNano of events',
    docker: 'Nanoseconds to the last digit.',
    pouch: 'Rounded to 256 nanoseconds.',
    why: "It travels as a JSON number, and Pouch's are doubles.",
  },
  {
    about: 'Filters of events',
    docker: 'An unknown filter of events matches nothing.',
    pouch: 'It is refused with 400.',
    why: 'A misspelt filter should not look like silence.',
  },
  {
    about: 'Failures of pull, push, load and import',
    docker: 'Some come as a 200 whose stream holds nothing but the error.',
    pouch: 'What fails before the first progress is answered with its status.',
    why: 'Clients that look at the status see it; those that read the stream see the message as well.',
  },
  {
    about: 'Attaching to what is not there',
    docker: 'The error comes as text.',
    pouch: 'It comes as JSON, as everywhere.',
    why: 'Clients read both.',
  },
  {
    about: 'Starting an exec a second time',
    docker: 'The connection is handed over, and the error is written on it; with `Detach` it is a 409.',
    pouch: 'It is a 409.',
    why: 'An error is no output of the command.',
  },
  {
    about: 'Versions',
    docker: '`/version` names Go, the time of the build and the module.',
    pouch: '`GoVersion` and `BuildTime` are absent; Node.js is among the components.',
    why: 'There is no Go in it.',
  },
  {
    about: 'Facts about runtimes and CDI',
    docker: '`/info` shows the features of each runtime, and the directories of CDI specifications.',
    pouch: '`status` of a runtime is absent, `CDISpecDirs` is null.',
    why: 'Devices are not chosen through CDI.',
  },
  {
    about: 'Names of endpoints in lists',
    docker: '`DNSNames` is null in the list of containers, and set when one is inspected.',
    pouch: 'It is set in both.',
    why: 'It is the same record.',
  },
  {
    about: 'Bind mounts of clients before API 1.44',
    docker: 'What is mounted below a read-only bind stays writable.',
    pouch: 'So it is for `Mounts`; of `Binds`, all becomes read-only where the kernel can.',
    why: 'A read-only mount that is not is no favour to anybody.',
  },
];
