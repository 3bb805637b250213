import { dict, int, object, oneOf, type Static, str } from '../schema/type.ts';

export const EventType = oneOf(
  'builder',
  'config',
  'container',
  'daemon',
  'image',
  'network',
  'node',
  'plugin',
  'secret',
  'service',
  'volume',
);
export type EventType = Static<typeof EventType>;

export const EventActor = object('EventActor', { ID: str(), Attributes: dict(str()) });
export type EventActor = Static<typeof EventActor>;

export const EventMessage = object(
  'EventMessage',
  {
    Type: EventType,
    Action: str('create, start, die, exec_create: COMMAND, health_status: healthy, …'),
    Actor: EventActor,
    time: int('Seconds since the epoch.'),
    timeNano: int('Nanoseconds since the epoch; the last digits are lost to whoever reads JSON numbers as doubles.'),
  },
  {
    scope: oneOf('local', 'swarm'),
    status: str('Containers and images until API 1.51: the same as Action.'),
    id: str('Containers and images until API 1.51: the same as Actor.ID.'),
    from: str('Containers until API 1.51: the image.'),
  },
);
export type EventMessage = Static<typeof EventMessage>;
