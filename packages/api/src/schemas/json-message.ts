import { bool, int, json, object, type Static, str } from '../schema/type.ts';

export const JSONProgress = object(
  'JSONProgress',
  {},
  {
    current: int('Bytes, unless units says otherwise.'),
    total: int(),
    start: int('Seconds since the epoch.'),
    hidecounts: bool(),
    units: str(),
  },
);
export type JSONProgress = Static<typeof JSONProgress>;

export const JSONError = object('JSONError', {}, { code: int(), message: str() });
export type JSONError = Static<typeof JSONError>;

/** A line of the streams of pull, push, load and import. A failure after the first byte comes as `errorDetail`. */
export const JSONMessage = object(
  'JSONMessage',
  {},
  {
    stream: str(),
    status: str(),
    progressDetail: JSONProgress,
    progress: str('The bar for old clients.'),
    id: str('Of the layer.'),
    from: str(),
    time: int('Seconds since the epoch.'),
    timeNano: int(),
    errorDetail: JSONError,
    error: str('The same as errorDetail.message.'),
    aux: json(),
  },
);
export type JSONMessage = Static<typeof JSONMessage>;

/** What `aux` holds at the end of a push. */
export const PushResult = object('PushResult', { Tag: str(), Digest: str(), Size: int() });
export type PushResult = Static<typeof PushResult>;
